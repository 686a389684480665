-- Sessions without a unit: everything is done by hand, and the server holds the steps (server/domain/held.h). They have
-- a site and no device; what people say to them is written as commands that are done at once.
--
-- And the checklist of a session: what was done for the guest before and after, by whom and when.

ALTER TABLE session
    ALTER COLUMN device_id DROP NOT NULL,
    ADD COLUMN step_ms    integer NOT NULL DEFAULT 0, -- time in the present step ...
    ADD COLUMN counted_at timestamptz,                -- ... as of this moment
    ADD COLUMN due_at     timestamptz;                -- when it changes by itself; NULL: never, or a device has it
CREATE INDEX session_due ON session (due_at) WHERE due_at IS NOT NULL;

CREATE OR REPLACE FUNCTION session_insert_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    d record;
BEGIN
    IF NOT EXISTS (SELECT FROM routine_version WHERE slug = NEW.routine_slug
                   AND version = NEW.routine_version AND state = 'published') THEN
        RAISE EXCEPTION 'routine % has no published version %', NEW.routine_slug, NEW.routine_version
            USING ERRCODE = 'PD008';
    END IF;
    IF NEW.device_id IS NULL THEN
        IF NEW.state <> 'waiting' THEN
            RAISE EXCEPTION 'a session by hand begins as waiting' USING ERRCODE = 'PD005';
        END IF;
        RETURN NEW;
    END IF;
    SELECT site_id, service, cleaning INTO d FROM device WHERE id = NEW.device_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NEW; -- the foreign key refuses it
    END IF;
    IF d.service <> 'in_service' THEN
        RAISE EXCEPTION 'device % is %', NEW.device_id, d.service USING ERRCODE = 'PD003';
    END IF;
    IF d.cleaning <> 'clean' THEN -- a device in use is due as well: say what stands in the way now
        IF device_is_live(NEW.device_id) THEN
            RAISE EXCEPTION 'device % has a session', NEW.device_id USING ERRCODE = 'PD001';
        END IF;
        RAISE EXCEPTION 'device % is to be disinfected', NEW.device_id USING ERRCODE = 'PD002';
    END IF;
    IF NEW.state <> 'requested' THEN
        RAISE EXCEPTION 'a session begins as requested' USING ERRCODE = 'PD005';
    END IF;
    NEW.site_id := d.site_id;
    RETURN NEW;
END $$;

-- A session stays with its device, or with nobody.
CREATE FUNCTION session_place_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'session % stays where it is', OLD.id USING ERRCODE = 'PD005';
END $$;
CREATE TRIGGER session_place_guard BEFORE UPDATE OF device_id, site_id ON session
    FOR EACH ROW WHEN (OLD.device_id IS DISTINCT FROM NEW.device_id OR OLD.site_id <> NEW.site_id)
    EXECUTE FUNCTION session_place_guard();

-- Commands of such a session are numbered within it; the caller has locked its row.
ALTER TABLE command ALTER COLUMN device_id DROP NOT NULL;
CREATE OR REPLACE FUNCTION command_insert_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.device_id IS NULL THEN
        IF NEW.state <> 'succeeded' OR NEW.type = 'start' THEN
            RAISE EXCEPTION 'a command to a session by hand is done at once' USING ERRCODE = 'PD005';
        END IF;
        SELECT site_id, (SELECT count(*) + 1 FROM command WHERE session_id = NEW.session_id)
        INTO NEW.site_id, NEW.seq FROM session WHERE id = NEW.session_id AND device_id IS NULL;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'session % is not by hand', NEW.session_id USING ERRCODE = 'PD004';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.state NOT IN ('pending', 'sent') AND NOT (NEW.state = 'succeeded' AND NEW.code = 'never_sent') THEN
        RAISE EXCEPTION 'a command begins as pending or sent' USING ERRCODE = 'PD005';
    END IF;
    IF NEW.seq IS NULL THEN
        UPDATE device SET last_seq = last_seq + 1 WHERE id = NEW.device_id
        RETURNING last_seq, site_id INTO NEW.seq, NEW.site_id;
    ELSE
        UPDATE device SET last_seq = NEW.seq WHERE id = NEW.device_id AND last_seq + 1 = NEW.seq
        RETURNING site_id INTO NEW.site_id;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'command % of device % is out of sequence', NEW.seq, NEW.device_id
            USING ERRCODE = 'PD004';
    END IF;
    RETURN NEW;
END $$;

-- The items are those of schema/catalogue/preparations.json that the session's routine names. The last word counts;
-- the audit log has them all.
CREATE TABLE session_check (
    session_id uuid NOT NULL REFERENCES session (id),
    item       text NOT NULL CHECK (octet_length(item) BETWEEN 1 AND 48),
    done_by    uuid,
    done_name  text NOT NULL CHECK (octet_length(done_name) <= 64),
    done_at    timestamptz NOT NULL DEFAULT now(),
    detail     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(detail) = 'object'),
    PRIMARY KEY (session_id, item)
);
