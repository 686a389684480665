-- Courses: a series of sessions for one guest. The rules are in server/domain/course.h; what must never be is
-- refused here: what is done, missed or skipped changes, one session counts twice.
--
-- Locks are taken in the order session, course, course_session.

-- open_days: a bit for each weekday, Monday the lowest.
ALTER TABLE site
    ADD COLUMN open_days integer NOT NULL DEFAULT 127 CHECK (open_days BETWEEN 1 AND 127),
    ADD COLUMN closed_dates date[] NOT NULL DEFAULT '{}' CHECK (cardinality(closed_dates) <= 366);

-- Rules as they were agreed: a template that changes later changes no course. sequence: rises with what changes
-- all appointments at once (iCalendar). calendar_hash: of the secret in the calendar's link.
CREATE TABLE course (
    id               uuid PRIMARY KEY,
    site_id          uuid NOT NULL REFERENCES site (id),
    device_id        uuid REFERENCES device (id),
    guest            text NOT NULL CHECK (octet_length(guest) BETWEEN 1 AND 240),
    template         text NOT NULL CHECK (octet_length(template) BETWEEN 1 AND 64),
    name             text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 240),
    routine_slug     text NOT NULL REFERENCES routine (slug),
    state            text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'completed', 'ended')),
    start_on         date NOT NULL,
    time_min         integer NOT NULL CHECK (time_min BETWEEN 0 AND 1439),
    count            integer NOT NULL CHECK (count > 0),
    interval_days    integer NOT NULL CHECK (interval_days > 0),
    rounds           integer NOT NULL CHECK (rounds > 0),
    break_days       integer NOT NULL CHECK (break_days BETWEEN break_min_days AND break_max_days),
    break_min_days   integer NOT NULL CHECK (break_min_days >= 0),
    break_max_days   integer NOT NULL,
    intensity_from   integer NOT NULL CHECK (intensity_from BETWEEN 1 AND 100),
    intensity_to     integer NOT NULL CHECK (intensity_to BETWEEN intensity_from AND 100),
    count_min        integer NOT NULL,
    twice_a_day      boolean NOT NULL,
    duration_ms      integer NOT NULL CHECK (duration_ms >= 0),
    override_reason  text NOT NULL DEFAULT '' CHECK (octet_length(override_reason) <= 800),
    sequence         integer NOT NULL DEFAULT 0,
    calendar_hash    bytea CHECK (octet_length(calendar_hash) = 32),
    created_by       uuid,
    version          bigint NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX course_by_site ON course (site_id, id);
CREATE UNIQUE INDEX course_by_calendar ON course (calendar_hash);

-- session_id: the session last begun for this appointment; one that did not run to its end leaves it planned.
CREATE TABLE course_session (
    course_id  uuid NOT NULL REFERENCES course (id),
    n          integer NOT NULL CHECK (n BETWEEN 1 AND 400),
    planned_on date NOT NULL,
    pinned_on  date,
    round      integer NOT NULL CHECK (round > 0),
    intensity  integer NOT NULL CHECK (intensity BETWEEN 1 AND 100),
    state      text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'done', 'missed', 'skipped')),
    session_id uuid REFERENCES session (id),
    ended_at   timestamptz,
    sequence   integer NOT NULL DEFAULT 0,
    PRIMARY KEY (course_id, n)
);
CREATE UNIQUE INDEX course_session_once ON course_session (session_id);
CREATE INDEX course_session_planned ON course_session (planned_on) WHERE state = 'planned';

CREATE FUNCTION course_session_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'session % of course % is % and never changes', OLD.n, OLD.course_id, OLD.state
        USING ERRCODE = 'PD005';
END $$;
CREATE TRIGGER course_session_guard BEFORE UPDATE ON course_session
    FOR EACH ROW WHEN (OLD.state <> 'planned') EXECUTE FUNCTION course_session_guard();

-- A session that ran to its end is the course's: in the transaction that says so, once, whoever says it.
CREATE FUNCTION course_session_completed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_course uuid;
BEGIN
    SELECT course_id INTO of_course FROM course_session WHERE session_id = NEW.id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM FROM course WHERE id = of_course FOR UPDATE;
    UPDATE course_session
    SET state = 'done', ended_at = COALESCE(NEW.ended_at, now()), sequence = sequence + 1
    WHERE session_id = NEW.id AND state = 'planned';
    IF FOUND THEN
        UPDATE course SET version = version + 1, updated_at = now(),
            state = CASE WHEN state IN ('active', 'paused') AND NOT EXISTS (
                             SELECT FROM course_session WHERE course_id = of_course AND state = 'planned')
                         THEN 'completed' ELSE state END
        WHERE id = of_course;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER course_session_completed AFTER UPDATE OF state ON session
    FOR EACH ROW WHEN (NEW.state = 'completed' AND OLD.state <> 'completed')
    EXECUTE FUNCTION course_session_completed();
