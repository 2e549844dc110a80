-- infra: no-transaction
CREATE INDEX CONCURRENTLY idx_email_user ON emails (user_id);
