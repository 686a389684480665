-- Sessions and commands, and what must never be.
--
-- Locks are taken in the order command, session, device, so that no two of our statements wait for each other.
-- There is no foreign key where many rows would lock one busy row (a routine, a token, a site): the
-- triggers prove those references instead, and nothing they point at is ever deleted.

-- Every legal change of state, and so, with the guards on insert, every state; as in server/domain/session.h and
-- command.h (a test compares). What is not here is refused by state_guard(). A check on each row
-- besides would cost every insert the parsing of its expression.
CREATE TABLE state_transition (
    noun       text NOT NULL CHECK (noun IN ('session', 'command')),
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (noun, from_state, to_state)
);
-- Any message of a device may be lost, so a session may skip states; it never leaves a final one.
INSERT INTO state_transition
SELECT 'session', f, t
FROM (VALUES
    ('requested', '{starting,running,paused,waiting,completed,stopped,aborted,expired,rejected}'::text[]),
    ('starting',  '{running,paused,waiting,completed,stopped,aborted}'),
    ('running',   '{paused,waiting,completed,stopped,aborted}'),
    ('paused',    '{running,waiting,completed,stopped,aborted}'),
    ('waiting',   '{running,paused,completed,stopped,aborted}')) AS m (f, ts), unnest(ts) AS t;
-- pending is truly never sent: only then may the server itself say expired or cancelled. After that
-- the device has the word; unknown is the server's, and ends with whatever the device says.
INSERT INTO state_transition
SELECT 'command', f, t
FROM (VALUES
    ('pending',  '{sent,expired,cancelled}'::text[]),
    ('sent',     '{accepted,running,succeeded,failed,rejected,expired,unknown}'),
    ('accepted', '{running,succeeded,failed,unknown}'),
    ('running',  '{succeeded,failed,unknown}'),
    ('unknown',  '{accepted,running,succeeded,failed,rejected,expired}')) AS m (f, ts), unnest(ts) AS t;

CREATE FUNCTION state_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM state_transition
                   WHERE noun = TG_ARGV[0] AND from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION '% % cannot go from % to %', TG_ARGV[0], OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'PD005';
    END IF;
    RETURN NEW;
END $$;

-- reason: of the device (protocol), an ack's code, or 'cancelled' when taken back before it was sent.
-- reported_*: the place in the device's order of the state last applied; an older one changes nothing.
CREATE TABLE session (
    id              uuid PRIMARY KEY,
    device_id       uuid NOT NULL REFERENCES device (id),
    site_id         uuid NOT NULL,
    routine_slug    text NOT NULL,
    routine_version integer NOT NULL,
    state           text NOT NULL DEFAULT 'requested',
    reason          text NOT NULL DEFAULT 'none' CHECK (octet_length(reason) <= 32),
    intake          jsonb NOT NULL,
    screening       jsonb NOT NULL,
    program         jsonb NOT NULL,
    step            integer NOT NULL DEFAULT 0,
    step_count      integer NOT NULL DEFAULT 0,
    elapsed_ms      integer NOT NULL DEFAULT 0,
    remaining_ms    integer NOT NULL DEFAULT 0,
    intensity       integer NOT NULL DEFAULT 100,
    target_mdegc    integer NOT NULL DEFAULT 0,
    reported_epoch  bigint NOT NULL DEFAULT 0,
    reported_n      bigint NOT NULL DEFAULT 0,
    created_by      uuid,              -- a token; NULL: the server itself
    requested_at    timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    ended_at        timestamptz,
    version         bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX session_one_live_per_device ON session (device_id)
    WHERE state IN ('requested', 'starting', 'running', 'paused', 'waiting');
CREATE INDEX session_by_device ON session (device_id, id);
CREATE INDEX session_by_site ON session (site_id, id);

CREATE FUNCTION device_is_live(which uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM session WHERE device_id = which
                   AND state IN ('requested', 'starting', 'running', 'paused', 'waiting'))
$$;

CREATE FUNCTION session_insert_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    d record;
BEGIN
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
    IF NOT EXISTS (SELECT FROM routine_version WHERE slug = NEW.routine_slug
                   AND version = NEW.routine_version AND state = 'published') THEN
        RAISE EXCEPTION 'routine % has no published version %', NEW.routine_slug, NEW.routine_version
            USING ERRCODE = 'PD008';
    END IF;
    IF NEW.state <> 'requested' THEN
        RAISE EXCEPTION 'a session begins as requested' USING ERRCODE = 'PD005';
    END IF;
    NEW.site_id := d.site_id;
    RETURN NEW;
END $$;
CREATE TRIGGER session_insert_guard BEFORE INSERT ON session
    FOR EACH ROW EXECUTE FUNCTION session_insert_guard();
CREATE TRIGGER session_state_guard BEFORE UPDATE OF state ON session
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION state_guard('session');

-- From the moment a device may have begun, it is to be disinfected.
CREATE FUNCTION session_began() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE device SET cleaning = 'due', rinse = rinse OR COALESCE((NEW.program->>'rinse')::boolean, false)
    WHERE id = NEW.device_id;
    RETURN NULL;
END $$;
CREATE TRIGGER session_began AFTER UPDATE OF state ON session
    FOR EACH ROW WHEN (OLD.state = 'requested' AND NEW.reason <> 'cancelled'
                       AND NEW.state NOT IN ('requested', 'expired', 'rejected'))
    EXECUTE FUNCTION session_began();

-- A device with a session stays where it is and is not retired; maintenance may be set at any time.
CREATE FUNCTION device_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.site_id <> OLD.site_id OR (NEW.service = 'retired' AND OLD.service <> 'retired'))
       AND device_is_live(OLD.id) THEN
        RAISE EXCEPTION 'device % has a session', OLD.id USING ERRCODE = 'PD001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER device_guard BEFORE UPDATE OF site_id, service ON device
    FOR EACH ROW EXECUTE FUNCTION device_guard();

-- The outbox as well as the record. body is the part that belongs to the type: {"intensity": 80}, ...
CREATE TABLE command (
    id          uuid PRIMARY KEY,
    device_id   uuid NOT NULL,
    site_id     uuid NOT NULL,
    session_id  uuid NOT NULL REFERENCES session (id),
    seq         bigint NOT NULL CHECK (seq > 0),
    type        text NOT NULL CHECK (type IN ('start', 'pause', 'resume', 'stop', 'adjust', 'confirm')),
    body        jsonb NOT NULL DEFAULT '{}',
    state       text NOT NULL DEFAULT 'pending',
    code        text NOT NULL DEFAULT '' CHECK (octet_length(code) <= 32),
    detail      text NOT NULL DEFAULT '' CHECK (octet_length(detail) <= 160),
    expires_at  timestamptz,
    epoch       bigint NOT NULL DEFAULT 0,
    created_by  uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    sent_at     timestamptz,
    acked_at    timestamptz,
    finished_at timestamptz
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX command_by_device ON command (device_id, seq);
CREATE INDEX command_by_session ON command (session_id, seq);
-- Small, whatever the age of the house: what is still to be driven, and what may run out of time.
CREATE INDEX command_unfinished ON command (device_id, seq)
    WHERE state IN ('pending', 'sent', 'accepted', 'running', 'unknown');

-- The number is given here, under the device's row lock; who brings one must bring the right one.
CREATE FUNCTION command_insert_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
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
CREATE TRIGGER command_insert_guard BEFORE INSERT ON command
    FOR EACH ROW EXECUTE FUNCTION command_insert_guard();
CREATE TRIGGER command_state_guard BEFORE UPDATE OF state ON command
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION state_guard('command');

-- What was ordered does not change afterwards, only how it went.
CREATE FUNCTION command_order_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'command % was given and does not change', OLD.id USING ERRCODE = 'PD004';
END $$;
CREATE TRIGGER command_order_guard BEFORE UPDATE OF device_id, session_id, seq, type, body ON command
    FOR EACH ROW EXECUTE FUNCTION command_order_guard();
