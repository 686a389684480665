-- Routines are addressed by slug, everywhere the same. site_id NULL: for all sites.

CREATE TABLE routine (
    slug       text PRIMARY KEY CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
    site_id    uuid REFERENCES site (id),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- content_sha256 is of the JSON text as it was given: jsonb does not keep its spelling.
CREATE TABLE routine_version (
    slug           text NOT NULL REFERENCES routine (slug),
    version        integer NOT NULL CHECK (version > 0),
    state          text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published', 'retired')),
    name           text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 80),
    content        jsonb NOT NULL CHECK (jsonb_typeof(content) = 'object'),
    content_sha256 bytea NOT NULL CHECK (octet_length(content_sha256) = 32),
    created_at     timestamptz NOT NULL DEFAULT now(),
    published_at   timestamptz,
    PRIMARY KEY (slug, version)
);
CREATE UNIQUE INDEX routine_version_one_draft ON routine_version (slug) WHERE state = 'draft';

CREATE FUNCTION routine_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN COALESCE(NEW, OLD); -- NEW is null on delete
    END IF;
    IF TG_OP = 'DELETE' OR NEW.state = 'draft'
       OR (NEW.slug, NEW.version, NEW.name, NEW.content, NEW.content_sha256, NEW.published_at)
          IS DISTINCT FROM
          (OLD.slug, OLD.version, OLD.name, OLD.content, OLD.content_sha256, OLD.published_at) THEN
        RAISE EXCEPTION 'version % of routine % is published and never changes', OLD.version, OLD.slug
            USING ERRCODE = 'PD006';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER routine_version_guard BEFORE UPDATE OR DELETE ON routine_version
    FOR EACH ROW EXECUTE FUNCTION routine_version_guard();
