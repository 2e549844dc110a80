-- infra: no-transaction
CREATE INDEX CONCURRENTLY items_text ON items (text);
