-- The catalogue: entries of the product, loaded from schema/catalogue by `pediluved migrate`, and the copies that sites made
-- of them. A text never changes: a changed one is the next version, and what is gone is retired.

CREATE TABLE catalogue_kind (
    kind      text PRIMARY KEY CHECK (kind ~ '^[a-z]+(-[a-z]+)*$' AND octet_length(kind) <= 32),
    version   integer NOT NULL CHECK (version >= 0), -- of the file last loaded; 0: none yet
    loaded_at timestamptz NOT NULL DEFAULT now()
);

-- site_id NULL: the product's. place: the order within its file.
CREATE TABLE catalogue_entry (
    kind           text NOT NULL REFERENCES catalogue_kind (kind),
    id             text NOT NULL CHECK (id ~ '^[a-z0-9]+([.-][a-z0-9]+)*$' AND octet_length(id) <= 48),
    site_id        uuid REFERENCES site (id),
    version        integer NOT NULL CHECK (version > 0),
    state          text NOT NULL DEFAULT 'current' CHECK (state IN ('current', 'superseded', 'retired')),
    place          integer NOT NULL DEFAULT 0,
    content        jsonb NOT NULL CHECK (jsonb_typeof(content) = 'object' AND content ->> 'id' IS NOT DISTINCT FROM id),
    content_sha256 bytea NOT NULL CHECK (octet_length(content_sha256) = 32), -- of jsonb's own spelling
    created_at     timestamptz NOT NULL DEFAULT now(),
    ended_at       timestamptz,
    UNIQUE NULLS NOT DISTINCT (kind, id, site_id, version),
    CHECK ((state = 'current') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX catalogue_entry_one_current ON catalogue_entry (kind, id, site_id) NULLS NOT DISTINCT
    WHERE state = 'current';
CREATE INDEX catalogue_entry_of_site ON catalogue_entry (site_id) WHERE state = 'current';

CREATE FUNCTION catalogue_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'current'
       OR (NEW.kind, NEW.id, NEW.site_id, NEW.version, NEW.content, NEW.content_sha256, NEW.created_at)
          IS DISTINCT FROM
          (OLD.kind, OLD.id, OLD.site_id, OLD.version, OLD.content, OLD.content_sha256, OLD.created_at) THEN
        RAISE EXCEPTION 'version % of % % never changes', OLD.version, OLD.kind, OLD.id USING ERRCODE = 'PD007';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER catalogue_entry_guard BEFORE UPDATE OR DELETE ON catalogue_entry
    FOR EACH ROW EXECUTE FUNCTION catalogue_entry_guard();

-- One number that every change moves on, in the transaction of the change. Whoever remembers what was read at a number
-- may use it as long as the number is the same: what is shown of the catalogue, of published routines and of models.
CREATE TABLE catalogue_revision (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO catalogue_revision (revision) VALUES (1);

CREATE FUNCTION catalogue_moved_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalogue_revision SET revision = revision + 1;
    RETURN NULL;
END $$;
CREATE FUNCTION catalogue_entries_moved_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalogue_revision SET revision = revision + 1 WHERE EXISTS (SELECT FROM changed);
    RETURN NULL;
END $$;
CREATE TRIGGER catalogue_entry_added AFTER INSERT ON catalogue_entry REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION catalogue_entries_moved_on();
CREATE TRIGGER catalogue_entry_changed AFTER UPDATE ON catalogue_entry REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION catalogue_entries_moved_on();
CREATE TRIGGER catalogue_kind_changed AFTER UPDATE OF version ON catalogue_kind
    FOR EACH ROW EXECUTE FUNCTION catalogue_moved_on();
CREATE TRIGGER catalogue_routine_changed AFTER INSERT OR UPDATE ON routine_version
    FOR EACH ROW WHEN (NEW.state <> 'draft') EXECUTE FUNCTION catalogue_moved_on();
CREATE TRIGGER catalogue_model_changed AFTER INSERT OR UPDATE ON model
    FOR EACH ROW EXECUTE FUNCTION catalogue_moved_on();

-- Makes the product's entries of a kind those of a file. The kind's row lock makes replicas that start at once take turns;
-- an older file than the one loaded last (an older replica) changes nothing. Returns how many entries changed.
CREATE FUNCTION catalogue_load(audit_id uuid, actor_id uuid, actor_name text, request_id text,
                               the_kind text, the_version integer, entries jsonb)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    loaded  integer;
    changed text[];
    gone    text[];
BEGIN
    INSERT INTO catalogue_kind (kind, version) VALUES (the_kind, 0) ON CONFLICT DO NOTHING;
    SELECT version INTO loaded FROM catalogue_kind WHERE kind = the_kind FOR UPDATE;
    IF loaded > the_version THEN
        RETURN 0;
    END IF;

    UPDATE catalogue_entry e SET state = 'superseded', ended_at = now()
    FROM jsonb_array_elements(entries) AS n (content)
    WHERE e.kind = the_kind AND e.site_id IS NULL AND e.state = 'current'
      AND e.id = n.content ->> 'id' AND e.content <> n.content;
    WITH retired AS (
        UPDATE catalogue_entry e SET state = 'retired', ended_at = now()
        WHERE e.kind = the_kind AND e.site_id IS NULL AND e.state = 'current'
          AND NOT EXISTS (SELECT FROM jsonb_array_elements(entries) AS n (content) WHERE n.content ->> 'id' = e.id)
        RETURNING e.id)
    SELECT COALESCE(array_agg(id ORDER BY id), '{}') INTO gone FROM retired;
    UPDATE catalogue_entry e SET place = n.place
    FROM jsonb_array_elements(entries) WITH ORDINALITY AS n (content, place)
    WHERE e.kind = the_kind AND e.site_id IS NULL AND e.state = 'current'
      AND e.id = n.content ->> 'id' AND e.place <> n.place;
    WITH added AS (
        INSERT INTO catalogue_entry (kind, id, version, place, content, content_sha256)
        SELECT the_kind, n.content ->> 'id',
               COALESCE((SELECT max(o.version) FROM catalogue_entry o WHERE o.kind = the_kind
                         AND o.id = n.content ->> 'id' AND o.site_id IS NULL), 0) + 1,
               n.place, n.content, sha256(convert_to(n.content::text, 'UTF8'))
        FROM jsonb_array_elements(entries) WITH ORDINALITY AS n (content, place)
        WHERE NOT EXISTS (SELECT FROM catalogue_entry o WHERE o.kind = the_kind AND o.id = n.content ->> 'id'
                          AND o.site_id IS NULL AND o.state = 'current')
        RETURNING id)
    SELECT COALESCE(array_agg(id ORDER BY id), '{}') INTO changed FROM added;

    IF loaded <> the_version THEN
        UPDATE catalogue_kind SET version = the_version, loaded_at = now() WHERE kind = the_kind;
    END IF;
    IF cardinality(changed) + cardinality(gone) > 0 THEN
        INSERT INTO audit_log (id, actor_id, actor_name, request_id, action, subject_type, subject_id, detail)
        VALUES (audit_id, actor_id, actor_name, request_id, 'catalogue.load', 'catalogue', the_kind,
                jsonb_build_object('version', the_version, 'changed', changed, 'retired', gone));
    END IF;
    RETURN cardinality(changed) + cardinality(gone);
END $$;

-- Puts a site's copy in place of the one it has, when both are still those that were read (had_copy 0: there is none). The
-- lock on the product's row makes writers of one entry take turns. Returns the copy's version; NULL: something changed.
CREATE FUNCTION catalogue_put_copy(audit_id uuid, actor_id uuid, actor_name text, request_id text,
                                   the_kind text, the_id text, the_site uuid, had_product integer, had_copy integer,
                                   the_content jsonb)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    had  catalogue_entry;
    made integer;
BEGIN
    PERFORM FROM catalogue_entry WHERE kind = the_kind AND id = the_id AND site_id IS NULL
        AND state = 'current' AND version = had_product FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO had FROM catalogue_entry
    WHERE kind = the_kind AND id = the_id AND site_id = the_site AND state = 'current';
    IF COALESCE(had.version, 0) <> had_copy THEN
        RETURN NULL;
    END IF;
    IF had.content = the_content THEN
        RETURN had.version;
    END IF;
    UPDATE catalogue_entry SET state = 'superseded', ended_at = now()
    WHERE kind = the_kind AND id = the_id AND site_id = the_site AND state = 'current';
    SELECT COALESCE(max(version), 0) + 1 INTO made FROM catalogue_entry
    WHERE kind = the_kind AND id = the_id AND site_id = the_site;
    INSERT INTO catalogue_entry (kind, id, site_id, version, content, content_sha256)
    VALUES (the_kind, the_id, the_site, made, the_content, sha256(convert_to(the_content::text, 'UTF8')));
    INSERT INTO audit_log (id, actor_id, actor_name, request_id, action, subject_type, subject_id, site_id, detail)
    VALUES (audit_id, actor_id, actor_name, request_id, 'catalogue.put', 'catalogue', the_kind || '/' || the_id, the_site,
            jsonb_build_object('version', made));
    RETURN made;
END $$;

-- Retires a site's copy, so that the product's entry counts again. Returns whether it was still the one that was read.
CREATE FUNCTION catalogue_delete_copy(audit_id uuid, actor_id uuid, actor_name text, request_id text,
                                      the_kind text, the_id text, the_site uuid, had_copy integer)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalogue_entry SET state = 'retired', ended_at = now()
    WHERE kind = the_kind AND id = the_id AND site_id = the_site AND state = 'current' AND version = had_copy;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO audit_log (id, actor_id, actor_name, request_id, action, subject_type, subject_id, site_id, detail)
    VALUES (audit_id, actor_id, actor_name, request_id, 'catalogue.delete', 'catalogue', the_kind || '/' || the_id, the_site,
            jsonb_build_object('version', had_copy));
    RETURN true;
END $$;
