-- Self-tests that staff ask for: what the device says of each check comes with its answer to the command.
--
-- id: of its command as well; a stop of it is another command with the same self_test_id. checks: as the device told them; NULL: it
-- has told none.
CREATE TABLE self_test (
    id             uuid PRIMARY KEY,
    device_id      uuid NOT NULL REFERENCES device (id),
    site_id        uuid NOT NULL,
    requested_by   uuid,
    requested_name text NOT NULL CHECK (octet_length(requested_name) <= 64),
    requested_at   timestamptz NOT NULL DEFAULT now(),
    checks         jsonb
);
CREATE INDEX self_test_by_device ON self_test (device_id, id);

ALTER TABLE command
    ALTER COLUMN session_id DROP NOT NULL,
    ADD COLUMN self_test_id uuid REFERENCES self_test (id),
    DROP CONSTRAINT command_type_check,
    ADD CHECK (type IN ('start', 'pause', 'resume', 'stop', 'adjust', 'confirm', 'self_test')),
    ADD CHECK (num_nonnulls(session_id, self_test_id) = 1),
    ADD CHECK (type <> 'self_test' OR id = self_test_id);
CREATE INDEX command_by_self_test ON command (self_test_id, seq) WHERE self_test_id IS NOT NULL;
-- One goes on at a time; whether one does is asked for every session.
CREATE UNIQUE INDEX command_one_self_test_per_device ON command (device_id)
    WHERE type = 'self_test' AND state IN ('pending', 'sent', 'accepted', 'running', 'unknown');

DROP TRIGGER command_order_guard ON command;
CREATE TRIGGER command_order_guard BEFORE UPDATE OF device_id, session_id, self_test_id, seq, type, body ON command
    FOR EACH ROW EXECUTE FUNCTION command_order_guard();

CREATE FUNCTION device_is_tested(which uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM command WHERE device_id = which AND type = 'self_test'
                   AND state IN ('pending', 'sent', 'accepted', 'running', 'unknown'))
$$;

-- The device's row is locked by the trigger before it, by name: command_insert_guard, session_insert_guard.
CREATE FUNCTION command_self_test_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF device_is_live(NEW.device_id) OR device_is_tested(NEW.device_id) THEN
        RAISE EXCEPTION 'device % has a session or a self-test', NEW.device_id USING ERRCODE = 'PD001';
    END IF;
    IF NOT EXISTS (SELECT FROM device WHERE id = NEW.device_id AND service = 'maintenance') THEN
        RAISE EXCEPTION 'device % is not in maintenance', NEW.device_id USING ERRCODE = 'PD003';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER command_insert_self_test BEFORE INSERT ON command
    FOR EACH ROW WHEN (NEW.type = 'self_test') EXECUTE FUNCTION command_self_test_guard();

-- As before, and a device that tests itself is not free for guests; of one that is silent nobody knows, and it may be put back.
CREATE OR REPLACE FUNCTION device_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.site_id <> OLD.site_id OR (NEW.service = 'retired' AND OLD.service <> 'retired'))
       AND device_is_live(OLD.id) THEN
        RAISE EXCEPTION 'device % has a session', OLD.id USING ERRCODE = 'PD001';
    END IF;
    IF NEW.service = 'in_service' AND OLD.service = 'maintenance'
       AND EXISTS (SELECT FROM command WHERE device_id = OLD.id AND type = 'self_test'
                   AND state IN ('pending', 'sent', 'accepted', 'running')) THEN
        RAISE EXCEPTION 'device % has a self-test', OLD.id USING ERRCODE = 'PD001';
    END IF;
    RETURN NEW;
END $$;

-- A test of which nobody knows may still go on when the device is back in service.
CREATE FUNCTION session_self_test_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF device_is_tested(NEW.device_id) THEN
        RAISE EXCEPTION 'device % has a self-test', NEW.device_id USING ERRCODE = 'PD001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER session_insert_self_test BEFORE INSERT ON session
    FOR EACH ROW WHEN (NEW.device_id IS NOT NULL) EXECUTE FUNCTION session_self_test_guard();

-- What was told does not change.
CREATE FUNCTION self_test_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was told of self-test % does not change', OLD.id USING ERRCODE = 'PD007';
END $$;
CREATE TRIGGER self_test_guard BEFORE UPDATE ON self_test
    FOR EACH ROW WHEN (OLD.checks IS NOT NULL) EXECUTE FUNCTION self_test_guard();
