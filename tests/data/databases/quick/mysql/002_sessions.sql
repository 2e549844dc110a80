CREATE TABLE sessions (left_over VARCHAR(64), charset VARCHAR(64));
INSERT INTO sessions VALUES (@left, @@character_set_client);
