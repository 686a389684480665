-- What lists of routines show and filter by, derived from a version's content when it is written: so that a filter is
-- part of the query. The server computes it (server/domain/routine_index.h); `pediluved migrate` fills what is there
-- already and computes anew what a release or a model has changed. NULL: the content could not be read.
ALTER TABLE routine_version
    ADD COLUMN type text,
    ADD COLUMN goals text[],
    ADD COLUMN hands text CHECK (hands IN ('device', 'guided', 'mixed')),
    ADD COLUMN steps integer CHECK (steps > 0),
    ADD COLUMN confirms integer CHECK (confirms >= 0),
    ADD COLUMN duration_s integer CHECK (duration_s > 0),
    ADD COLUMN duration_max_s integer CHECK (duration_max_s >= duration_s),
    ADD COLUMN words text,
    ADD COLUMN models text[];

-- As before, and: what was retired stays so, and a draft is not published under a newer version, which its writer has
-- not seen. The routine's row lock makes publishing and the catalogue's loading take turns.
CREATE OR REPLACE FUNCTION routine_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        IF TG_OP = 'UPDATE' AND NEW.state <> 'draft' THEN
            PERFORM FROM routine WHERE slug = OLD.slug FOR UPDATE;
            IF EXISTS (SELECT FROM routine_version WHERE slug = OLD.slug AND version > OLD.version) THEN
                RAISE EXCEPTION 'routine % has a newer version than draft %', OLD.slug, OLD.version
                    USING ERRCODE = 'PD141';
            END IF;
        END IF;
        RETURN COALESCE(NEW, OLD); -- NEW is null on delete
    END IF;
    IF TG_OP = 'DELETE' OR NEW.state = 'draft' OR (OLD.state = 'retired' AND NEW.state <> 'retired')
       OR (NEW.slug, NEW.version, NEW.name, NEW.content, NEW.content_sha256, NEW.published_at)
          IS DISTINCT FROM
          (OLD.slug, OLD.version, OLD.name, OLD.content, OLD.content_sha256, OLD.published_at) THEN
        RAISE EXCEPTION 'version % of routine % is published and never changes', OLD.version, OLD.slug
            USING ERRCODE = 'PD006';
    END IF;
    RETURN NEW;
END $$;

-- As before, but a routine that staff have taken out of use (its newest version is retired) stays out of use when a
-- release brings a new text of it: that text is kept as a retired version too, to be copied into a draft.
CREATE OR REPLACE FUNCTION catalogue_put_routine(audit_id uuid, actor_id uuid, actor_name text, request_id text,
                                                 the_slug text, the_name text, the_content text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    hash bytea := sha256(convert_to(the_content, 'UTF8'));
    next integer;
    becomes text;
BEGIN
    INSERT INTO routine (slug) VALUES (the_slug) ON CONFLICT DO NOTHING;
    PERFORM FROM routine WHERE slug = the_slug FOR UPDATE;
    IF EXISTS (SELECT FROM routine_version
               WHERE slug = the_slug AND state <> 'draft' AND content_sha256 = hash) THEN
        RETURN false;
    END IF;
    SELECT COALESCE(max(version), 0) + 1 INTO next FROM routine_version WHERE slug = the_slug;
    SELECT COALESCE((SELECT state FROM routine_version WHERE slug = the_slug AND state <> 'draft'
                     ORDER BY version DESC LIMIT 1), 'published') INTO becomes;
    INSERT INTO routine_version (slug, version, state, name, content, content_sha256, published_at)
    VALUES (the_slug, next, becomes, the_name, the_content::jsonb, hash, now());
    INSERT INTO audit_log (id, actor_id, actor_name, request_id, action, subject_type, subject_id, detail)
    VALUES (audit_id, actor_id, actor_name, request_id,
            CASE becomes WHEN 'published' THEN 'routine.publish' ELSE 'routine.retire' END, 'routine', the_slug,
            jsonb_build_object('version', next));
    RETURN true;
END $$;
