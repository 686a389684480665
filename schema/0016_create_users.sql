-- People who sign in. A browser's session is a row of api_token with a user: what it may is the user's.

CREATE TABLE app_user (
    id            uuid PRIMARY KEY,
    login         text NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9][a-z0-9._@+-]{0,63}$'), -- folded to lower case
    name          text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    password_hash text CHECK (password_hash LIKE '$argon2id$%' AND octet_length(password_hash) < 128), -- NULL: none yet
    role          text NOT NULL CHECK (role IN ('viewer', 'operator', 'manager', 'owner')),
    all_sites     boolean NOT NULL DEFAULT false,
    sites         uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(sites) <= 64),
    state         text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
    language      text CHECK (language IN ('en', 'de', 'es', 'zh')),
    code_hash     bytea UNIQUE CHECK (octet_length(code_hash) = 32), -- of the sign-in link that still works
    code_until    timestamptz,
    signed_in_at  timestamptz,
    version       bigint NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);

-- Somebody can always do everything: the last active owner of all sites stays one.
CREATE FUNCTION app_user_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.role = 'owner' AND OLD.state = 'active' AND OLD.all_sites
       AND (TG_OP = 'DELETE' OR NEW.role <> 'owner' OR NEW.state <> 'active' OR NOT NEW.all_sites) THEN
        PERFORM pg_advisory_xact_lock(hashtext('app_user.last_owner'));
        IF NOT EXISTS (SELECT FROM app_user WHERE id <> OLD.id AND role = 'owner' AND state = 'active' AND all_sites) THEN
            RAISE EXCEPTION 'user % is the last owner of all sites', OLD.id USING ERRCODE = 'PD161';
        END IF;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER app_user_guard BEFORE UPDATE OR DELETE ON app_user
    FOR EACH ROW EXECUTE FUNCTION app_user_guard();

-- seen_at: when the session was last used, within some minutes.
ALTER TABLE api_token ADD COLUMN user_id uuid REFERENCES app_user (id), ADD COLUMN seen_at timestamptz;
CREATE INDEX api_token_by_user ON api_token (user_id) WHERE user_id IS NOT NULL;

-- Failed tries to sign in, a row for each login and each address (hashed), so that a restart forgets none.
CREATE TABLE sign_in_try (
    key           text PRIMARY KEY CHECK (octet_length(key) <= 80),
    failures      integer NOT NULL,
    at            timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);
CREATE INDEX sign_in_try_by_time ON sign_in_try (at);
