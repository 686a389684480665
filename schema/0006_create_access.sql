-- Who may, who did, and what was already answered.

-- Only a hash of the secret is kept. sites counts when all_sites is false.
CREATE TABLE api_token (
    id          uuid PRIMARY KEY,
    name        text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    role        text NOT NULL CHECK (role IN ('viewer', 'operator', 'manager', 'owner')),
    all_sites   boolean NOT NULL DEFAULT false,
    sites       uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(sites) <= 64),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz,
    revoked_at  timestamptz
);

-- site_id NULL: not of one site (tokens, sites, models).
CREATE TABLE audit_log (
    id           uuid PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    actor_id     uuid,              -- NULL: the server itself, or the command line
    actor_name   text NOT NULL,
    action       text NOT NULL,     -- 'session.create'
    subject_type text NOT NULL,     -- 'session'
    subject_id   text NOT NULL,     -- an id or a slug
    site_id      uuid,
    request_id   text NOT NULL DEFAULT '',
    detail       jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_by_site ON audit_log (site_id, id);

CREATE FUNCTION audit_log_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever appended to' USING ERRCODE = 'PD007';
END $$;
CREATE TRIGGER audit_log_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_guard();

-- status NULL: being worked on. Written in the transaction of the effect, so that a key is there exactly
-- when its effect is.
CREATE TABLE idempotency_key (
    token_id     uuid NOT NULL,
    key          text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 128),
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    status       integer,
    headers      text,
    body         bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (token_id, key)
);
CREATE INDEX idempotency_key_by_time ON idempotency_key (created_at);
