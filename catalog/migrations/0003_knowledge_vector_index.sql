-- HNSW in the place of the sources' ivfflat with 100 lists: lists are drawn from what is in the table when the index is
-- made, which here is nothing, and searches would miss what comes later (docs/decisions/0021).
CREATE INDEX knowledge_base_embedding ON knowledge.knowledge_base USING hnsw (embedding public.vector_cosine_ops);
