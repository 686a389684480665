-- Screenings as a record of their own, and the rule that no session starts without one of the same day.
--
-- SQLSTATEs of our own, besides those of 0001: PD121 the screening is of another day ·
-- PD122 of another site · PD123 the screening does not let the session go on

-- The calendar day at a site. A day ends where the next begins, by the site's own clock: 23 or 25 hours later
-- where daylight saving time begins or ends.
CREATE FUNCTION site_day(which uuid, moment timestamptz) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT (moment AT TIME ZONE timezone)::date FROM site WHERE id = which
$$;
CREATE FUNCTION site_day_end(which uuid, its_day date) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT (its_day + 1)::timestamp AT TIME ZONE timezone FROM site WHERE id = which
$$;

-- intake: what was answered; result: outcome, reasons, caps, warnings, clearances. routine_slug NULL: for any.
-- Refused ones are kept as well, so that staff can show why.
CREATE TABLE screening (
    id           uuid PRIMARY KEY,
    site_id      uuid NOT NULL,
    guest        text NOT NULL DEFAULT '' CHECK (octet_length(guest) <= 240),
    routine_slug text,
    outcome      text NOT NULL CHECK (outcome IN ('cleared', 'limited', 'needs_clearance', 'refused')),
    intake       jsonb NOT NULL CHECK (jsonb_typeof(intake) = 'object'),
    result       jsonb NOT NULL CHECK (jsonb_typeof(result) = 'object'),
    day          date NOT NULL,
    valid_until  timestamptz NOT NULL,
    created_by   uuid,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX screening_by_site ON screening (site_id, id);

-- Day and end are the database's to say; a site that does not exist has none.
CREATE FUNCTION screening_insert_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.day := site_day(NEW.site_id, now());
    NEW.valid_until := site_day_end(NEW.site_id, NEW.day);
    RETURN NEW;
END $$;
CREATE TRIGGER screening_insert_guard BEFORE INSERT ON screening
    FOR EACH ROW EXECUTE FUNCTION screening_insert_guard();

-- What a guest answered does not change afterwards: whoever answers anew is screened anew. It may be deleted,
-- once no session refers to it: these are data about health.
CREATE FUNCTION screening_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'screening % was recorded and does not change', OLD.id USING ERRCODE = 'PD007';
END $$;
CREATE TRIGGER screening_guard BEFORE UPDATE ON screening
    FOR EACH ROW EXECUTE FUNCTION screening_guard();

-- screening_id NULL: screened in the request that made the session. screened_on: the day at the site.
ALTER TABLE session ADD COLUMN screening_id uuid REFERENCES screening (id);
ALTER TABLE session ADD COLUMN screened_on date;
UPDATE session SET screened_on = site_day(site_id, requested_at);
ALTER TABLE session ALTER COLUMN screened_on SET NOT NULL;
CREATE INDEX session_by_screening ON session (screening_id) WHERE screening_id IS NOT NULL;

-- After session_insert_guard (triggers run by name), which has set the site.
CREATE FUNCTION session_screening_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    s record;
    today date := site_day(NEW.site_id, now());
BEGIN
    IF NEW.screening ->> 'outcome' IS NULL OR NEW.screening ->> 'outcome' NOT IN ('cleared', 'limited') THEN
        RAISE EXCEPTION 'the screening does not let session % go on', NEW.id USING ERRCODE = 'PD123';
    END IF;
    NEW.screened_on := today;
    IF NEW.screening_id IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT site_id, day INTO s FROM screening WHERE id = NEW.screening_id;
    IF NOT FOUND THEN
        RETURN NEW; -- the foreign key refuses it
    END IF;
    IF s.site_id <> NEW.site_id THEN
        RAISE EXCEPTION 'screening % is of another site', NEW.screening_id USING ERRCODE = 'PD122';
    END IF;
    IF s.day <> today THEN
        RAISE EXCEPTION 'screening % is of %, not of %', NEW.screening_id, s.day, today
            USING ERRCODE = 'PD121';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER session_screening_guard BEFORE INSERT ON session
    FOR EACH ROW EXECUTE FUNCTION session_screening_guard();

-- What let a session start does not change afterwards.
CREATE FUNCTION session_screened_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the screening of session % does not change', OLD.id USING ERRCODE = 'PD007';
END $$;
CREATE TRIGGER session_screened_guard BEFORE UPDATE OF intake, screening, screening_id, screened_on ON session
    FOR EACH ROW EXECUTE FUNCTION session_screened_guard();
