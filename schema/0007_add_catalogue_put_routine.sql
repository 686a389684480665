-- Publishes the text of a routine that comes with the product as its next version, unless it was published before:
-- what staff have published over it stays on top. The row lock makes several replicas that start at once
-- take turns; each then looks anew.

CREATE FUNCTION catalogue_put_routine(audit_id uuid, actor_id uuid, actor_name text, request_id text,
                                      the_slug text, the_name text, the_content text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    hash bytea := sha256(convert_to(the_content, 'UTF8'));
    next integer;
BEGIN
    INSERT INTO routine (slug) VALUES (the_slug) ON CONFLICT DO NOTHING;
    PERFORM FROM routine WHERE slug = the_slug FOR UPDATE;
    IF EXISTS (SELECT FROM routine_version
               WHERE slug = the_slug AND state <> 'draft' AND content_sha256 = hash) THEN
        RETURN false;
    END IF;
    SELECT COALESCE(max(version), 0) + 1 INTO next FROM routine_version WHERE slug = the_slug;
    INSERT INTO routine_version (slug, version, state, name, content, content_sha256, published_at)
    VALUES (the_slug, next, 'published', the_name, the_content::jsonb, hash, now());
    INSERT INTO audit_log (id, actor_id, actor_name, request_id, action, subject_type, subject_id, detail)
    VALUES (audit_id, actor_id, actor_name, request_id, 'routine.publish', 'routine', the_slug,
            jsonb_build_object('version', next));
    RETURN true;
END $$;
