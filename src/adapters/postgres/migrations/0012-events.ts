import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What happened, written by triggers in the transaction in which it happened; who is told of it, and what they were sent. */
export class Events1764000000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(up);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only; restore a backup to go back');
  }
}

const up = `
CREATE TABLE events (
  seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT events_pkey PRIMARY KEY,
  -- Of the transaction that wrote it. They are read in the order of (xid, seq), up to the oldest transaction that still
  -- runs: nothing can come before what was read.
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  type text NOT NULL,
  subject text NOT NULL,
  -- Whose it was when it happened; null: the operator's.
  project_id text,
  -- Without foreign keys: what happened outlives what it happened to.
  machine_id uuid,
  controller_id uuid,
  data jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX events_in_order ON events (xid, seq);
CREATE INDEX events_by_age ON events (at);

-- Up to where they were removed, and up to where deliveries were made of them.
CREATE TABLE event_marks (
  pruned_xid xid8 NOT NULL DEFAULT '0',
  pruned_seq bigint NOT NULL DEFAULT 0,
  outbox_xid xid8 NOT NULL DEFAULT '0',
  outbox_seq bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX event_marks_is_one ON event_marks ((true));
INSERT INTO event_marks DEFAULT VALUES;

-- The same ring again in one transaction is one for the database.
CREATE FUNCTION events_ring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('igor_events', '');
  RETURN NULL;
END $$;
CREATE TRIGGER events_ring AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION events_ring();

CREATE FUNCTION event_time(instant timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

CREATE FUNCTION event_of_power() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (type, subject, project_id, machine_id, data)
  SELECT 'igor.power.changed', 'machines/' || m.id, m.project_id, m.id, jsonb_build_object(
    'project_id', m.project_id, 'machine', jsonb_build_object('id', m.id, 'name', m.name),
    'before', OLD.power_state, 'state', NEW.power_state, 'observed_at', event_time(NEW.observed_at))
  FROM machines m WHERE m.id = NEW.machine_id;
  RETURN NULL;
END $$;
CREATE TRIGGER event_of_power AFTER UPDATE OF power_state ON observations FOR EACH ROW
  WHEN (OLD.power_state IS DISTINCT FROM NEW.power_state) EXECUTE FUNCTION event_of_power();

-- Of each machine whose health it is; of a controller that carries no machine's power, of itself.
CREATE FUNCTION event_of_health() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (type, subject, project_id, machine_id, controller_id, data)
  SELECT 'igor.health.changed', 'machines/' || m.id, m.project_id, m.id, NEW.id, jsonb_build_object(
    'project_id', m.project_id, 'machine', jsonb_build_object('id', m.id, 'name', m.name),
    'before', OLD.health, 'health', NEW.health)
  FROM bindings b JOIN machines m ON m.id = b.machine_id
  WHERE b.controller_id = NEW.id AND b.position = (
    SELECT min(p.position) FROM bindings p WHERE p.machine_id = m.id AND 'power' = ANY(p.roles));
  IF NOT FOUND THEN
    INSERT INTO events (type, subject, project_id, controller_id, data)
    VALUES ('igor.health.changed', 'controllers/' || NEW.id, NEW.project_id, NEW.id, jsonb_build_object(
      'project_id', NEW.project_id, 'controller', jsonb_build_object('id', NEW.id),
      'before', OLD.health, 'health', NEW.health));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER event_of_health AFTER UPDATE OF health ON controllers FOR EACH ROW
  WHEN (OLD.health IS DISTINCT FROM NEW.health) EXECUTE FUNCTION event_of_health();

-- When it was told that a grant is over, which nothing writes when it happens.
ALTER TABLE grants ADD COLUMN ended_at timestamptz;
UPDATE grants SET ended_at = clock_timestamp() WHERE revoked_at IS NULL AND (
  until_at <= clock_timestamp() OR approve_by <= clock_timestamp() AND approved_by_id IS NULL);
CREATE INDEX grants_to_end ON grants ((CASE WHEN kind = 'break-glass' AND approved_by_id IS NULL THEN approve_by ELSE until_at END))
  WHERE ended_at IS NULL AND revoked_at IS NULL;

CREATE FUNCTION event_of_grant() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  happened text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    happened := CASE WHEN NEW.kind = 'break-glass' AND NEW.approved_by_id IS NULL THEN 'requested' ELSE 'created' END;
  ELSIF OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL THEN
    happened := 'revoked';
  ELSIF OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL THEN
    happened := 'ended';
  ELSIF OLD.approved_by_id IS NULL AND NEW.approved_by_id IS NOT NULL THEN
    happened := 'approved';
  ELSIF (OLD.permissions, OLD.until_at, OLD.hours) IS DISTINCT FROM (NEW.permissions, NEW.until_at, NEW.hours) THEN
    happened := 'changed';
  ELSE
    RETURN NULL;
  END IF;
  INSERT INTO events (type, subject, project_id, data)
  VALUES ('igor.grant.' || happened, 'grants/' || NEW.id, NEW.project_id, jsonb_build_object(
    'project_id', NEW.project_id, 'grant', jsonb_build_object(
      'id', NEW.id, 'kind', NEW.kind, 'machine_id', NEW.machine_id, 'tags', NEW.tags, 'permissions', NEW.permissions,
      'grantee', jsonb_build_object('kind', NEW.grantee_kind, 'id', NEW.grantee_id),
      'granted_by', jsonb_build_object('id', NEW.granted_by_id, 'name', NEW.granted_by_name),
      'from', event_time(NEW.from_at), 'until', event_time(NEW.until_at), 'reason', NEW.reason)));
  RETURN NULL;
END $$;
CREATE TRIGGER event_of_grant AFTER INSERT OR UPDATE ON grants FOR EACH ROW EXECUTE FUNCTION event_of_grant();
-- One whose end was told and that was then prolonged ends once more.
CREATE FUNCTION grant_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.ended_at := NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER grant_goes_on BEFORE UPDATE OF until_at ON grants FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL AND NEW.until_at > clock_timestamp()) EXECUTE FUNCTION grant_goes_on();

CREATE FUNCTION event_of_operation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (type, subject, project_id, data)
  VALUES ('igor.operation.changed', 'operations/' || NEW.id, NEW.project_id, jsonb_build_object(
    'project_id', NEW.project_id, 'operation', jsonb_build_object(
      'id', NEW.id, 'kind', NEW.kind, 'state', NEW.state, 'targets', NEW.targets, 'total', NEW.total,
      'counts', jsonb_build_object('queued', NEW.queued + NEW.claimed, 'running', NEW.running, 'succeeded', NEW.succeeded,
        'failed', NEW.failed, 'cancelled', NEW.cancelled, 'unknown', NEW.unknown),
      'user', jsonb_build_object('id', NEW.user_id, 'name', NEW.user_name))));
  RETURN NULL;
END $$;
CREATE TRIGGER event_of_new_operation AFTER INSERT ON operations FOR EACH ROW EXECUTE FUNCTION event_of_operation();
CREATE TRIGGER event_of_operation AFTER UPDATE OF state ON operations FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION event_of_operation();

-- Somebody's login at a controller was ended by somebody. Of sessions no more is told: they come and go with each use, and
-- those that a dead replica leaves behind are closed by the next, a thousand at a time, without a need for anybody to act.
CREATE FUNCTION event_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (type, subject, project_id, controller_id, data)
  VALUES ('igor.session.evicted', 'controllers/' || NEW.target_id, NEW.target_project_id, NEW.target_id::uuid, jsonb_build_object(
    'project_id', NEW.target_project_id, 'controller', jsonb_build_object('id', NEW.target_id),
    'session', NEW.input ->> 'session', 'by', jsonb_build_object('id', NEW.user_id, 'name', NEW.user_name)));
  RETURN NULL;
END $$;
CREATE TRIGGER event_of_session AFTER INSERT ON journal FOR EACH ROW
  WHEN (NEW.kind = 'outcome' AND NEW.operation = 'session.delete' AND NEW.outcome = 'done' AND NEW.target_id IS NOT NULL)
  EXECUTE FUNCTION event_of_session();

-- What was last seen of a machine's event log: a restart tells nothing twice.
CREATE TABLE log_watches (
  machine_id uuid PRIMARY KEY CONSTRAINT log_watches_machine REFERENCES machines (id) ON DELETE CASCADE,
  look_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Null: never looked at. Changes whenever an entry comes or goes.
  mark text,
  -- The newest that were seen, each as number and bytes; null: they were only counted.
  seen text[],
  entries integer NOT NULL DEFAULT 0,
  erased_at timestamptz
);
CREATE INDEX log_watches_due ON log_watches (look_at);
INSERT INTO log_watches (machine_id) SELECT id FROM machines;
CREATE FUNCTION watch_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO log_watches (machine_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER watch_log AFTER INSERT ON machines FOR EACH ROW EXECUTE FUNCTION watch_log();
-- What is seen behind another controller was never seen before.
CREATE FUNCTION forget_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE log_watches SET mark = NULL, seen = NULL, look_at = clock_timestamp() WHERE machine_id = NEW.machine_id;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_log AFTER INSERT ON bindings FOR EACH ROW WHEN ('logs' = ANY(NEW.roles)) EXECUTE FUNCTION forget_log();

CREATE TABLE subscriptions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id text NOT NULL,
  url text NOT NULL,
  secret_sealed text NOT NULL,
  -- Empty: all.
  types text[] NOT NULL DEFAULT '{}',
  machine_ids uuid[] NOT NULL DEFAULT '{}',
  tags text[] NOT NULL DEFAULT '{}',
  description text NOT NULL DEFAULT '',
  enabled boolean NOT NULL DEFAULT true,
  created_by_id text NOT NULL,
  created_by_name text NOT NULL,
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Which replica sends to it; another one once that is dead, or takes longer than sending ever does.
  claimed_by uuid,
  claimed_at timestamptz,
  -- Attempts in a row that failed: who hears nothing waits in a queue of his own.
  failures integer NOT NULL DEFAULT 0,
  -- When the next delivery is due; null: none waits.
  due_at timestamptz
);
CREATE INDEX subscriptions_by_project ON subscriptions (project_id, id);
CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE due_at IS NOT NULL AND enabled AND failures = 0;
CREATE INDEX subscriptions_deaf ON subscriptions (due_at) WHERE due_at IS NOT NULL AND enabled AND failures > 0;

CREATE TABLE deliveries (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT deliveries_seq UNIQUE,
  subscription_id uuid NOT NULL CONSTRAINT deliveries_subscription REFERENCES subscriptions (id) ON DELETE CASCADE,
  -- Null: it is of no event that anything else knows of.
  event_seq bigint,
  event_id uuid NOT NULL,
  type text NOT NULL,
  subject text NOT NULL,
  data jsonb NOT NULL,
  event_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'queued' CONSTRAINT deliveries_state CHECK (state IN ('queued', 'delivered', 'dead')),
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_status integer,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  CONSTRAINT deliveries_once UNIQUE (subscription_id, event_seq)
);
CREATE INDEX deliveries_queued ON deliveries (subscription_id, seq) WHERE state = 'queued';
CREATE INDEX deliveries_by_subscription ON deliveries (subscription_id, seq);
CREATE INDEX deliveries_by_age ON deliveries (ended_at) WHERE ended_at IS NOT NULL;
`;
