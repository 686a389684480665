-- A draft tried on a simulated unit. A draft changes and may be gone tomorrow, so the session keeps what it was.

ALTER TABLE session
    ADD COLUMN trial         boolean NOT NULL DEFAULT false,
    ADD COLUMN trial_content jsonb,
    ADD CONSTRAINT session_trial CHECK (trial = (trial_content IS NOT NULL) AND (NOT trial OR device_id IS NOT NULL));

CREATE OR REPLACE FUNCTION session_insert_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    d record;
BEGIN
    IF NOT EXISTS (SELECT FROM routine_version WHERE slug = NEW.routine_slug AND version = NEW.routine_version
                   AND state = CASE WHEN NEW.trial THEN 'draft' ELSE 'published' END) THEN
        RAISE EXCEPTION 'routine % has no such version %', NEW.routine_slug, NEW.routine_version
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
