-- Disinfection records, of the kinds of server/domain/cleaning.h. All but a rinse make the device clean; a
-- rinse, or a record that says rinsed, clears the wish for one. None can be recorded while a session is live.

CREATE TABLE cleaning (
    id              uuid PRIMARY KEY,
    device_id       uuid NOT NULL REFERENCES device (id),
    site_id         uuid NOT NULL,
    session_id      uuid REFERENCES session (id),
    kind            text NOT NULL CHECK (kind IN ('after_client', 'end_of_day', 'weekly', 'biweekly_soak',
                                                  'rinse')),
    product         text NOT NULL DEFAULT '' CHECK (octet_length(product) <= 80),
    epa_number      text NOT NULL DEFAULT '' CHECK (octet_length(epa_number) <= 40),
    contact_minutes integer NOT NULL DEFAULT 0 CHECK (contact_minutes BETWEEN 0 AND 1440),
    rinsed          boolean NOT NULL DEFAULT false,
    initials        text NOT NULL DEFAULT '' CHECK (octet_length(initials) <= 16),
    notes           text NOT NULL DEFAULT '' CHECK (octet_length(notes) <= 500),
    done_at         timestamptz NOT NULL,
    recorded_by     uuid,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX cleaning_by_device ON cleaning (device_id, id);
CREATE INDEX cleaning_by_site ON cleaning (site_id, id);

CREATE FUNCTION cleaning_insert_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    d record;
BEGIN
    SELECT site_id INTO d FROM device WHERE id = NEW.device_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NEW; -- the foreign key refuses it
    END IF;
    IF device_is_live(NEW.device_id) THEN
        RAISE EXCEPTION 'device % has a session', NEW.device_id USING ERRCODE = 'PD001';
    END IF;
    NEW.site_id := d.site_id;
    UPDATE device SET cleaning = CASE WHEN NEW.kind = 'rinse' THEN cleaning ELSE 'clean' END,
                      rinse = rinse AND NOT (NEW.rinsed OR NEW.kind = 'rinse')
    WHERE id = NEW.device_id;
    RETURN NEW;
END $$;
CREATE TRIGGER cleaning_insert_guard BEFORE INSERT ON cleaning
    FOR EACH ROW EXECUTE FUNCTION cleaning_insert_guard();
