CREATE TABLE late (id int);
INSERT INTO late VALUES (1);
SELECT pg_sleep(0);
INSERT INTO late VALUES (2);
