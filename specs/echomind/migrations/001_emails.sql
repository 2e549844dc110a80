CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE emails (
    id serial PRIMARY KEY,
    user_id integer NOT NULL,
    subject text NOT NULL,
    embedding vector(8),
    created_at timestamptz NOT NULL DEFAULT now()
);
