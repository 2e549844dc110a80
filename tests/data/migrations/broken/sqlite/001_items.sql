CREATE TABLE items (id INTEGER PRIMARY KEY, text TEXT);
CREATE TRIGGER items_trim AFTER INSERT ON items BEGIN
    UPDATE items SET text = trim(text) WHERE id = NEW.id;
END;
INSERT INTO items VALUES (1, ' a;b '), (2, 'it''s ''数据'' 🐘');
