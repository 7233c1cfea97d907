-- What the platform knows, with its vectors (platform specification 8.1).
CREATE SCHEMA knowledge AUTHORIZATION sophia;
SET ROLE sophia;

CREATE TABLE knowledge.knowledge_base (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    content text NOT NULL,
    embedding public.vector(768),
    metadata jsonb NOT NULL DEFAULT '{}',
    source text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX knowledge_base_source_metadata ON knowledge.knowledge_base USING gin (source, metadata);
CREATE INDEX knowledge_base_content ON knowledge.knowledge_base USING gin (content public.gin_trgm_ops);

CREATE FUNCTION knowledge.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
CREATE TRIGGER touched BEFORE UPDATE ON knowledge.knowledge_base
    FOR EACH ROW EXECUTE FUNCTION knowledge.touch();

RESET ROLE;
GRANT USAGE ON SCHEMA knowledge TO sophia_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA knowledge TO sophia_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE sophia IN SCHEMA knowledge GRANT SELECT ON TABLES TO sophia_reader;
