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
  -* | *[!A-Za-z0-9_.@-]*) complain '--user: only letters, digits, "_", ".", "@" and "-" are taken here' ;;
esac
while [ "$url" != "${url%/}" ]; do url=${url%/}; done

changed=
changed() {
  changed=yes
  echo "$1"
}

holds_line() {
  printf '%s\n' "$1" | grep -qxF -e "$2"
}

# Each list is a command of its own, so that a Keystone that is away ends this and is not taken for an empty list.
ensure_catalogue() {
  found=$(openstack region list -f value -c Region)
  if ! holds_line "$found" "$region"; then
    openstack region create "$region" >/dev/null
    changed "created region $region"
  fi

  found=$(openstack service list -f value -c ID -c Type)
  service=$(printf '%s\n' "$found" | awk -v wanted="$type" '$2 == wanted { print $1; exit }')
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

list_users() {
  openstack user list --domain default -f value -c Name
}

# By name throughout: to an admin of one project, Keystone's new default rules refuse a project asked for by its id.
ensure_user() {
  if [ ! -e "$password_file" ]; then
    (umask 077 && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$password_file")
  fi
  password=$(cat "$password_file")
  case $password in
    '' | *[!A-Za-z0-9_.=+/@%:,-]*) complain "$password_file: is empty, or holds a character that is not taken here" ;;
  esac

  found=$(openstack project list --domain default -f value -c Name)
  if ! holds_line "$found" service; then
    openstack project create --domain default service >/dev/null
    changed 'created project service'
  fi

  found=$(openstack role list -f value -c Name)
  if ! holds_line "$found" service; then
    openstack role create service >/dev/null
    changed 'created role service'
  fi

  found=$(list_users)
  if ! holds_line "$found" "$user"; then
    # On standard input: whoever is on this host can read a command line. The client then tells no exit code.
    echo "user create --domain default --project service --project-domain default --password '$password' $user" |
      openstack >/dev/null
    found=$(list_users)
    holds_line "$found" "$user" || complain "the user $user was not created"
    changed "created user $user"
  fi

  where="--user $user --user-domain default --project service --project-domain default"
  # shellcheck disable=SC2086 # several words
  found=$(openstack role assignment list --role service $where -f value -c Role)
  if [ -z "$found" ]; then
    # shellcheck disable=SC2086
    openstack role add $where service
    changed "gave $user the role service on project service"
  fi
}

ensure_catalogue
[ -z "$user" ] || ensure_user
[ -n "$changed" ] || echo 'nothing to change'
