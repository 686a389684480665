-- Alarms (server/domain/alarm.h): what staff have to know of a device, once for each cause however many servers see it.
--
-- gone_at: the cause is over. An alarm that staff clear while its cause lasts keeps gone_at NULL, so that the same cause does
-- not raise it again. What happens at one moment (an answer that is missing, samples that are lost) is raised here,
-- in the transaction of its cause; the rest by the server's housekeeping.
--
-- Locks are taken last: command or device_boot, then alarm.

CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
                  substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                  FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- fault: which one of the kind, such as what the device says is wrong; '' none. amount: samples lost.
CREATE TABLE alarm (
    id                uuid PRIMARY KEY DEFAULT uuid_v7(),
    kind              text NOT NULL CHECK (kind IN ('device_fault', 'offline_in_session', 'temperature_drift',
                                                    'cleaning_overdue', 'command_unknown', 'samples_lost')),
    fault             text NOT NULL DEFAULT '' CHECK (octet_length(fault) <= 32),
    severity          text NOT NULL CHECK (severity IN ('warning', 'critical')),
    device_id         uuid NOT NULL REFERENCES device (id),
    site_id           uuid NOT NULL,
    session_id        uuid,
    detail            text NOT NULL DEFAULT '' CHECK (octet_length(detail) <= 160),
    amount            bigint NOT NULL DEFAULT 0,
    raised_at         timestamptz NOT NULL DEFAULT now(),
    acknowledged_at   timestamptz,
    acknowledged_by   uuid,
    acknowledged_name text NOT NULL DEFAULT '' CHECK (octet_length(acknowledged_name) <= 64),
    cleared_at        timestamptz,
    cleared_by        uuid,            -- NULL: by itself
    cleared_name      text NOT NULL DEFAULT '' CHECK (octet_length(cleared_name) <= 64),
    note              text NOT NULL DEFAULT '' CHECK (octet_length(note) <= 1120),
    gone_at           timestamptz,
    version           bigint NOT NULL DEFAULT 1,
    CHECK (gone_at IS NULL OR cleared_at IS NOT NULL)
);
CREATE UNIQUE INDEX alarm_one_for_a_cause ON alarm (device_id, kind, fault) WHERE gone_at IS NULL;
CREATE INDEX alarm_going_on ON alarm (id) WHERE gone_at IS NULL;
CREATE INDEX alarm_by_site ON alarm (site_id, id);
CREATE INDEX alarm_by_device ON alarm (device_id, id);

-- Who acknowledged or cleared it stays written.
CREATE FUNCTION alarm_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was said of alarm % does not change', OLD.id USING ERRCODE = 'PD007';
END $$;
CREATE TRIGGER alarm_guard BEFORE UPDATE ON alarm
    FOR EACH ROW WHEN (OLD.gone_at IS NOT NULL
                       OR OLD.cleared_at IS NOT NULL AND (OLD.cleared_at, OLD.cleared_by, OLD.note)
                          IS DISTINCT FROM (NEW.cleared_at, NEW.cleared_by, NEW.note)
                       OR OLD.acknowledged_at IS NOT NULL AND (OLD.acknowledged_at, OLD.acknowledged_by)
                          IS DISTINCT FROM (NEW.acknowledged_at, NEW.acknowledged_by))
    EXECUTE FUNCTION alarm_guard();

CREATE FUNCTION alarm_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_log (id, actor_name, action, subject_type, subject_id, site_id, detail)
    VALUES (uuid_v7(), 'housekeeping', CASE TG_OP WHEN 'INSERT' THEN 'alarm.raise' ELSE 'alarm.clear' END, 'alarm',
            NEW.id::text, NEW.site_id, jsonb_strip_nulls(jsonb_build_object('kind', NEW.kind, 'fault',
            NULLIF(NEW.fault, ''), 'device_id', NEW.device_id)));
    RETURN NULL;
END $$;
CREATE TRIGGER alarm_raised AFTER INSERT ON alarm FOR EACH ROW EXECUTE FUNCTION alarm_audit();
CREATE TRIGGER alarm_cleared_by_itself AFTER UPDATE ON alarm
    FOR EACH ROW WHEN (OLD.cleared_at IS NULL AND NEW.cleared_at IS NOT NULL AND NEW.cleared_name = '')
    EXECUTE FUNCTION alarm_audit();

-- A command whose outcome is not known, until the device says or staff have looked.
CREATE FUNCTION alarm_of_command() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.device_id IS NULL THEN
        RETURN NULL;
    END IF;
    IF NEW.state = 'unknown' THEN
        INSERT INTO alarm (kind, severity, device_id, site_id, session_id, detail)
        VALUES ('command_unknown', 'critical', NEW.device_id, NEW.site_id, NEW.session_id,
                'the unit has not answered: ' || NEW.type)
        ON CONFLICT (device_id, kind, fault) WHERE gone_at IS NULL DO NOTHING;
    ELSIF NOT EXISTS (SELECT FROM command WHERE device_id = NEW.device_id AND state = 'unknown') THEN
        UPDATE alarm SET gone_at = now(), cleared_at = COALESCE(cleared_at, now()), version = version + 1
        WHERE device_id = NEW.device_id AND kind = 'command_unknown' AND gone_at IS NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER alarm_of_command AFTER UPDATE OF state ON command
    FOR EACH ROW WHEN (OLD.state <> NEW.state AND (OLD.state = 'unknown' OR NEW.state = 'unknown'))
    EXECUTE FUNCTION alarm_of_command();

-- Samples that the device gave up: they never come back, so that only staff clear it.
CREATE FUNCTION alarm_of_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alarm (kind, severity, device_id, site_id, amount, detail)
    SELECT 'samples_lost', 'warning', id, site_id, NEW.lost - OLD.lost,
           'samples that the unit could not keep: ' || (NEW.lost - OLD.lost)
    FROM device WHERE id = NEW.device_id
    ON CONFLICT (device_id, kind, fault) WHERE gone_at IS NULL DO UPDATE
    SET amount = alarm.amount + EXCLUDED.amount, version = alarm.version + 1,
        detail = 'samples that the unit could not keep: ' || (alarm.amount + EXCLUDED.amount);
    RETURN NULL;
END $$;
CREATE TRIGGER alarm_of_loss AFTER UPDATE OF lost ON device_boot
    FOR EACH ROW WHEN (NEW.lost > OLD.lost) EXECUTE FUNCTION alarm_of_loss();
