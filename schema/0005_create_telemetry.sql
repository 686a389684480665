-- Samples, one partition a day (UTC). There is no default partition: a sample whose time no partition
-- covers (a device with a wrong clock) goes to telemetry_stray instead, whole and counted, so that it
-- neither blocks the others nor disappears among them. server/store/telemetry_store.c decides by
-- telemetry_partition, which lists the days there are.
--
-- No unique key: the watermark in device_boot, moved in the same transaction, admits each sample once.

CREATE TABLE telemetry (
    device_id       uuid NOT NULL,
    boot_id         uuid NOT NULL,
    session_id      uuid,              -- NULL: idle
    n               bigint NOT NULL,
    at              timestamptz NOT NULL,
    step            integer NOT NULL,
    elapsed_ms      integer NOT NULL,
    water_mdegc     integer,           -- NULL: unknown
    target_mdegc    integer NOT NULL,
    level_permille  integer,           -- NULL: unknown
    current_ma      integer NOT NULL,
    heater_permille integer NOT NULL,
    intensity       integer NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX telemetry_by_device ON telemetry (device_id, at);

CREATE TABLE telemetry_stray (
    LIKE telemetry,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX telemetry_stray_by_time ON telemetry_stray (received_at);

CREATE TABLE telemetry_partition (
    day date PRIMARY KEY
);

-- Sees to it that every day of first..last has its partition; days beyond what exists are filled up, so
-- that the covered days have no hole. Returns how many were made. Several may call it at once.
CREATE FUNCTION telemetry_ensure(first date, last date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    d    date;
    made integer := 0;
    part text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('pediluve telemetry partitions'));
    SELECT least(first, min(day)), greatest(last, max(day)) INTO first, last FROM telemetry_partition;
    FOR d IN SELECT generate_series(first, last, interval '1 day')::date
             EXCEPT SELECT day FROM telemetry_partition ORDER BY 1 LOOP
        part := 'telemetry_' || to_char(d, 'YYYYMMDD');
        EXECUTE format('CREATE TABLE %I (LIKE telemetry INCLUDING ALL)', part);
        -- attaching locks the parent less than creating within it: ingest goes on
        EXECUTE format('ALTER TABLE telemetry ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part,
                       d::text || ' 00:00:00+00', (d + 1)::text || ' 00:00:00+00');
        INSERT INTO telemetry_partition VALUES (d);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- Drops every partition of a day before oldest, and strays received before it.
CREATE FUNCTION telemetry_drop(oldest date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    d       date;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('pediluve telemetry partitions'));
    FOR d IN DELETE FROM telemetry_partition WHERE day < oldest RETURNING day LOOP
        EXECUTE format('DROP TABLE %I', 'telemetry_' || to_char(d, 'YYYYMMDD'));
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM telemetry_stray WHERE received_at < oldest::timestamp AT TIME ZONE 'UTC';
    RETURN dropped;
END $$;
