-- When a device was connected, and why that changed. Written by the server's housekeeping, safely from several replicas:
-- a connection is (boot_id, epoch), and each change of one is written once, whoever sees it.
--
-- presence is how each device stands: its newest change. n counts the device's changes.
-- presence_change.not_before: nobody watched when it happened; it was then or later, and at the latest at `at`.

CREATE TABLE presence (
    device_id uuid PRIMARY KEY REFERENCES device (id),
    n         bigint NOT NULL DEFAULT 0,
    connected boolean NOT NULL DEFAULT false,
    ended     boolean NOT NULL DEFAULT false, -- that connection is over for good
    boot_id   uuid,
    epoch     bigint NOT NULL DEFAULT 0,
    at        timestamptz
) WITH (fillfactor = 50);

CREATE TABLE presence_change (
    device_id  uuid NOT NULL REFERENCES device (id),
    n          bigint NOT NULL,
    at         timestamptz NOT NULL,
    not_before timestamptz,
    connected  boolean NOT NULL,
    why        text NOT NULL CHECK (why IN ('hello', 'taken_over', 'heard', 'last_will', 'lost', 'retired')),
    restarted  boolean NOT NULL DEFAULT false, -- another boot than before
    boot_id    uuid,
    epoch      bigint NOT NULL,
    PRIMARY KEY (device_id, n)
);
CREATE INDEX presence_change_at ON presence_change USING brin (at);

-- Until when some server has watched the broker.
CREATE TABLE presence_watch (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    until timestamptz NOT NULL
);

-- One change of one device; true: it was news. keep: changes of a device that stay.
CREATE FUNCTION presence_put(d uuid, b uuid, e bigint, c boolean, w text, t timestamptz, seen boolean,
                             watched timestamptz, keep bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    h    presence;
    same boolean;
BEGIN
    SELECT * INTO h FROM presence WHERE device_id = d FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        -- What was never there has not gone; and another server may know a device that this database does not.
        IF NOT c OR NOT EXISTS (SELECT FROM device WHERE id = d) THEN
            RETURN false;
        END IF;
        INSERT INTO presence (device_id) VALUES (d) ON CONFLICT DO NOTHING;
        SELECT * INTO h FROM presence WHERE device_id = d FOR NO KEY UPDATE;
    END IF;
    IF e = 0 AND NOT c THEN -- the broker knows nothing of it
        b := h.boot_id;
        e := h.epoch;
    END IF;
    same := h.boot_id IS NOT DISTINCT FROM b AND h.epoch = e;
    IF same THEN
        IF h.connected = c OR h.ended THEN
            RETURN false;
        END IF;
        IF c THEN
            w := 'heard';
        END IF;
    -- The epoch counts up; only a device that has lost its journal begins again, with a boot that was never there.
    ELSIF h.boot_id IS NOT DISTINCT FROM b AND e > h.epoch
            OR h.boot_id IS DISTINCT FROM b AND (c OR e > h.epoch)
            AND NOT EXISTS (SELECT FROM presence_change p WHERE p.device_id = d AND p.boot_id = b) THEN
        IF c AND h.connected THEN
            w := 'taken_over';
        ELSIF NOT c AND NOT h.connected THEN
            UPDATE presence SET boot_id = b, epoch = e, ended = w <> 'lost' WHERE device_id = d;
            RETURN false;
        END IF;
    ELSE
        RETURN false; -- old news
    END IF;
    t := greatest(t, h.at);
    INSERT INTO presence_change (device_id, n, at, not_before, connected, why, restarted, boot_id, epoch)
    VALUES (d, h.n + 1, t, CASE WHEN NOT seen AND h.n > 0 AND greatest(watched, h.at) < t THEN greatest(watched, h.at) END, c, w,
            c AND h.n > 0 AND h.boot_id IS DISTINCT FROM b, b, e);
    UPDATE presence SET n = h.n + 1, connected = c, ended = NOT c AND w <> 'lost', boot_id = b, epoch = e, at = t
    WHERE device_id = d;
    DELETE FROM presence_change WHERE device_id = d AND n <= h.n + 1 - keep;
    RETURN true;
END $$;
