-- What the guards ask of one device is asked by that device's key, and planned once a connection. "Of this device, or of every one"
-- in one query had no plan but to read all devices, at every session; functions in SQL were planned anew at every call.

-- What a device owes at that moment: until which local day it is in time.
CREATE OR REPLACE FUNCTION hygiene_due(which uuid, at timestamptz) RETURNS TABLE (device_id uuid, kind text, due_on date, today date)
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
    WHERE d.id = which AND d.service <> 'retired' AND (h.kind <> 'end_of_day' OR d.used_since IS NOT NULL)
$$;
-- Of every device.
CREATE FUNCTION hygiene_due(at timestamptz) RETURNS TABLE (device_id uuid, kind text, due_on date, today date)
LANGUAGE sql STABLE AS $$
    SELECT h.* FROM device d CROSS JOIN LATERAL hygiene_due(d.id, at) h
$$;

CREATE OR REPLACE FUNCTION hygiene_is_overdue(which uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM hygiene_due(which, now()) WHERE due_on < today);
END $$;

CREATE OR REPLACE FUNCTION device_is_live(which uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM session WHERE device_id = which
                   AND state IN ('requested', 'starting', 'running', 'paused', 'waiting'));
END $$;

CREATE OR REPLACE FUNCTION device_is_tested(which uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM command WHERE device_id = which AND type = 'self_test'
                   AND state IN ('pending', 'sent', 'accepted', 'running', 'unknown'));
END $$;

CREATE OR REPLACE FUNCTION site_day(which uuid, moment timestamptz) RETURNS date LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT (moment AT TIME ZONE timezone)::date FROM site WHERE id = which);
END $$;
