CREATE TABLE items (id int PRIMARY KEY, text text);
CREATE FUNCTION trim_item() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    NEW.text := trim(NEW.text);
    RETURN NEW;
END
$body$;
CREATE TRIGGER items_trim BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION trim_item();
COPY items (id, text) FROM stdin;
1	 a;b 
2	it's '数据' 🐘
\.
