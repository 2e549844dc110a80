CREATE TABLE extra (id int);
INSERT INTO extra VALUES (1);

-- what is wrong
INSERT INTO extra
  VALUES (2);
INSERT INTO extra VALUES (3);
