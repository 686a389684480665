-- The program's nominal running time: every step but warming up, which has none. Until the device reports,
-- all of it remains.

ALTER TABLE session ADD COLUMN duration_ms integer NOT NULL DEFAULT 0 CHECK (duration_ms >= 0);

UPDATE session SET duration_ms = COALESCE(
    (SELECT sum((e.one ->> 'ms')::bigint) FROM jsonb_array_elements(program -> 'steps') AS e (one)
     WHERE e.one ->> 'kind' IS DISTINCT FROM 'heat'), 0);
UPDATE session SET remaining_ms = duration_ms WHERE state = 'requested' AND reported_n = 0;
