-- What a file sets counts for itself: the next one gets a session of its own.
SET NAMES latin1;
SET @left = 'over';
CREATE TABLE settings (name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, value TEXT);
CREATE TABLE many (id INT PRIMARY KEY, name VARCHAR(64), note TEXT);
