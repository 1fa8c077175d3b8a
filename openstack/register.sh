#!/bin/sh
# Puts Igor into Keystone's catalogue with the openstack client: what `igor register` does, where there is no igor.
#
#   IGOR_PUBLIC_URL=https://igor.example.com ./register.sh [--user NAME --password-file FILE]
#
# Needs an admin's OS_* or OS_CLOUD. Changes only what is missing or different, and prints each change.
set -eu

url=${IGOR_PUBLIC_URL-}
type=${IGOR_SERVICE_TYPE:-out-of-band}
region=${OS_REGION_NAME:-RegionOne}
user=
password_file=

complain() {
  echo "register.sh: $1" >&2
  exit 2
}

usage='usage: IGOR_PUBLIC_URL=<url> register.sh [--user NAME --password-file FILE]'
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || complain "$usage"
  case $1 in
    --user) user=$2 ;;
    --password-file) password_file=$2 ;;
    *) complain "$usage" ;;
  esac
  shift 2
done
[ -n "$url" ] || complain 'IGOR_PUBLIC_URL: missing; it is what is registered'
[ -z "$user" ] && [ -z "$password_file" ] || { [ -n "$user" ] && [ -n "$password_file" ]; } ||
  complain '--user and --password-file go together'
case $user in
  *[!A-Za-z0-9_.@-]*) complain '--user: only letters, digits, "_", ".", "@" and "-" are taken here' ;;
esac
while [ "$url" != "${url%/}" ]; do url=${url%/}; done

changed=
changed() {
  changed=yes
  echo "$1"
}

# The first field of the first line whose second field is $1.
first_named() {
  awk -v wanted="$1" '$2 == wanted { print $1; exit }'
}

# Each list is a command of its own, so that a Keystone that is away ends this and is not taken for an empty list.
ensure_catalogue() {
  found=$(openstack region list -f value -c Region)
  if ! printf '%s\n' "$found" | grep -qxF -e "$region"; then
    openstack region create "$region" >/dev/null
    changed "created region $region"
  fi

  found=$(openstack service list -f value -c ID -c Type)
  service=$(printf '%s\n' "$found" | first_named "$type")
  if [ -z "$service" ]; then
    service=$(openstack service create --name igor --description 'Out-of-band gateway' "$type" -f value -c id)
    changed "created service igor of type $type"
  fi

  for side in public internal admin; do
    found=$(openstack endpoint list --service "$service" --region "$region" --interface "$side" -f value -c ID -c URL)
    endpoint=$(printf '%s\n' "$found" | awk '{ print $1; exit }')
    before=$(printf '%s\n' "$found" | awk '{ print $2; exit }')
    if [ -z "$endpoint" ]; then
      openstack endpoint create --region "$region" "$service" "$side" "$url" >/dev/null
      changed "created the $side endpoint $url"
    elif [ "$before" != "$url" ]; then
      openstack endpoint set --url "$url" "$endpoint"
      changed "changed the $side endpoint from $before to $url"
    fi
  done
}

user_id() {
  found=$(openstack user list --domain default -f value -c ID -c Name)
  printf '%s\n' "$found" | first_named "$user"
}

ensure_user() {
  if [ ! -e "$password_file" ]; then
    (umask 077 && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$password_file")
  fi
  password=$(cat "$password_file")

  found=$(openstack project list --domain default -f value -c ID -c Name)
  project=$(printf '%s\n' "$found" | first_named service)
  if [ -z "$project" ]; then
    project=$(openstack project create --domain default service -f value -c id)
    changed 'created project service'
  fi

  found=$(openstack role list -f value -c ID -c Name)
  role=$(printf '%s\n' "$found" | first_named service)
  if [ -z "$role" ]; then
    role=$(openstack role create service -f value -c id)
    changed 'created role service'
  fi

  id=$(user_id)
  if [ -z "$id" ]; then
    case $password in
      *[!A-Za-z0-9_.=+/@%:,-]*) complain "$password_file: the password holds a character that is not taken here" ;;
    esac
    # On standard input: whoever is on this host can read a command line. The client then tells no exit code.
    printf "user create --domain default --project %s --password '%s' %s\n" "$project" "$password" "$user" |
      openstack >/dev/null
    id=$(user_id)
    [ -n "$id" ] || complain "the user $user was not created"
    changed "created user $user"
  fi

  found=$(openstack role assignment list --user "$id" --project "$project" --role "$role" -f value -c Role)
  if [ -z "$found" ]; then
    openstack role add --user "$id" --project "$project" "$role"
    changed "gave $user the role service on project service"
  fi
}

ensure_catalogue
[ -z "$user" ] || ensure_user
[ -n "$changed" ] || echo 'nothing to change'
