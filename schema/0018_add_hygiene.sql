-- Disinfection by the rules of a site's jurisdiction (schema/catalogue/hygiene-rules.json, loaded into catalogue_entry): what is
-- overdue locks the device, by the site's own days.
--
-- used_since: the first use since the last end-of-day disinfection or soak. soaked_at: the last long soak. hygiene_from: intervals
-- count from here where there was no soak yet. disinfecting_*: a disinfection that somebody has begun, with its clock.

ALTER TABLE site ADD COLUMN jurisdiction text NOT NULL DEFAULT 'default'
    CHECK (jurisdiction ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND octet_length(jurisdiction) <= 48);

ALTER TABLE device
    ADD COLUMN hygiene_from      timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN used_since        timestamptz,
    ADD COLUMN soaked_at         timestamptz,
    ADD COLUMN disinfecting_kind text CHECK (disinfecting_kind IN ('after_client', 'end_of_day', 'weekly', 'biweekly_soak')),
    ADD COLUMN disinfecting_at   timestamptz,
    ADD CHECK ((disinfecting_kind IS NULL) = (disinfecting_at IS NULL));

-- Days on which the device was not used, and why: they do not count for the intervals. Local days of the site, both included.
CREATE TABLE out_of_use (
    id         uuid PRIMARY KEY,
    device_id  uuid NOT NULL REFERENCES device (id),
    site_id    uuid NOT NULL,
    from_on    date NOT NULL,
    to_on      date NOT NULL,
    reason     text NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 800),
    noted_by   uuid,
    noted_name text NOT NULL CHECK (octet_length(noted_name) <= 64),
    noted_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (to_on >= from_on AND to_on - from_on < 366)
);
CREATE INDEX out_of_use_by_device ON out_of_use (device_id, from_on);

CREATE VIEW hygiene_interval AS
SELECT e.id AS jurisdiction, k ->> 'kind' AS kind, (k ->> 'every_days')::integer AS every_days
FROM catalogue_entry e, jsonb_array_elements(e.content -> 'kinds') AS k
WHERE e.kind = 'hygiene-rules' AND e.state = 'current' AND e.site_id IS NULL;

-- What a device owes at that moment: until which local day it is in time. which NULL: of every device.
CREATE FUNCTION hygiene_due(which uuid, at timestamptz) RETURNS TABLE (device_id uuid, kind text, due_on date, today date)
LANGUAGE sql STABLE AS $$
    SELECT d.id, h.kind, CASE h.kind WHEN 'end_of_day' THEN t.used_on
                         ELSE t.soaked_on + h.every_days + (
                              SELECT count(DISTINCT day)::integer
                              FROM out_of_use o, generate_series(o.from_on, o.to_on, interval '1 day') AS day
                              WHERE o.device_id = d.id AND day::date > t.soaked_on AND day::date <= t.today) END, t.today
    FROM device d
    JOIN site s ON s.id = d.site_id
    JOIN hygiene_interval h ON h.jurisdiction = s.jurisdiction AND h.every_days > 0
    CROSS JOIN LATERAL (SELECT (at AT TIME ZONE s.timezone)::date AS today,
                               (d.used_since AT TIME ZONE s.timezone)::date AS used_on,
                               (COALESCE(d.soaked_at, d.hygiene_from) AT TIME ZONE s.timezone)::date AS soaked_on) t
    WHERE (which IS NULL OR d.id = which) AND d.service <> 'retired'
      AND (h.kind <> 'end_of_day' OR d.used_since IS NOT NULL)
$$;
CREATE FUNCTION hygiene_is_overdue(which uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM hygiene_due(which, now()) WHERE due_on < today)
$$;

-- From the moment a device may have begun, it is to be disinfected, and to be cleaned at the end of that day.
CREATE OR REPLACE FUNCTION session_began() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE device SET cleaning = 'due', rinse = rinse OR COALESCE((NEW.program->>'rinse')::boolean, false),
                      used_since = COALESCE(used_since, now())
    WHERE id = NEW.device_id;
    RETURN NULL;
END $$;

-- A record makes the device clean, unless something else is overdue; a long soak is also the day's end, and ends both intervals.
CREATE OR REPLACE FUNCTION cleaning_insert_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    d record;
    soak boolean := NEW.kind IN ('weekly', 'biweekly_soak');
BEGIN
    SELECT site_id INTO d FROM device WHERE id = NEW.device_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NEW; -- the foreign key refuses it
    END IF;
    IF device_is_live(NEW.device_id) THEN
        RAISE EXCEPTION 'device % has a session', NEW.device_id USING ERRCODE = 'PD001';
    END IF;
    NEW.site_id := d.site_id;
    UPDATE device SET rinse = rinse AND NOT (NEW.rinsed OR NEW.kind = 'rinse'),
                      used_since = CASE WHEN NEW.kind = 'end_of_day' OR soak THEN NULL ELSE used_since END,
                      soaked_at = CASE WHEN soak THEN GREATEST(soaked_at, NEW.done_at) ELSE soaked_at END,
                      disinfecting_kind = CASE WHEN disinfecting_kind <> NEW.kind THEN disinfecting_kind END,
                      disinfecting_at = CASE WHEN disinfecting_kind <> NEW.kind THEN disinfecting_at END
    WHERE id = NEW.device_id;
    IF NEW.kind <> 'rinse' AND NOT hygiene_is_overdue(NEW.device_id) THEN
        UPDATE device SET cleaning = 'clean' WHERE id = NEW.device_id;
    END IF;
    RETURN NEW;
END $$;

-- The log is kept: nothing of the product deletes it, and nobody changes it.
CREATE FUNCTION cleaning_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the disinfection log is only ever appended to' USING ERRCODE = 'PD007';
END $$;
CREATE TRIGGER cleaning_guard BEFORE UPDATE OR DELETE ON cleaning FOR EACH ROW EXECUTE FUNCTION cleaning_guard();

-- Besides what was so before: nothing overdue, also when housekeeping has not been round since midnight, and no
-- disinfection going on.
CREATE FUNCTION session_hygiene_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM device WHERE id = NEW.device_id AND disinfecting_at IS NOT NULL)
       OR hygiene_is_overdue(NEW.device_id) THEN
        RAISE EXCEPTION 'device % is to be disinfected', NEW.device_id USING ERRCODE = 'PD002';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER session_insert_hygiene BEFORE INSERT ON session
    FOR EACH ROW WHEN (NEW.device_id IS NOT NULL) EXECUTE FUNCTION session_hygiene_guard();
