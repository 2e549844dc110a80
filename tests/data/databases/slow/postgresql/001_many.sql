SET search_path TO pg_catalog;
CREATE TABLE public.many (id int PRIMARY KEY, name text, note text);
