-- infra: no-transaction
CREATE INDEX CONCURRENTLY idx_embedding_vector ON emails USING ivfflat (embedding vector_cosine_ops);
