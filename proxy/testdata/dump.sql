-- A schema with what dumps get wrong. @mysql and @mariadb begin what only one of the two knows.
SET NAMES utf8mb4;
CREATE TABLE kinds (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tiny TINYINT(1) DEFAULT -1, big BIGINT UNSIGNED, exact DECIMAL(30,10), approximate DOUBLE, bits BIT(11),
  day DATE, moment DATETIME(6), stamp TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, span TIME(3), y YEAR,
  fixed CHAR(10) CHARACTER SET latin1, note VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, chinese VARCHAR(20) CHARACTER SET gbk,
  raw VARBINARY(300), body LONGBLOB, words TEXT, choice ENUM('a','b''c','d,e'), choices SET('x','y','z'), doc JSON, place POINT,
  twice INT GENERATED ALWAYS AS (tiny * 2) VIRTUAL, shout VARCHAR(200) CHARACTER SET utf8mb4 GENERATED ALWAYS AS (UPPER(note)) STORED,
  KEY by_prefix (note(10)), FULLTEXT KEY by_word (words), UNIQUE KEY by_two (big, day), CHECK (tiny < 100)
) ENGINE=InnoDB AUTO_INCREMENT=7 COMMENT='it''s "quoted" \\ and `so` on';
INSERT INTO kinds (tiny, big, exact, approximate, bits, day, moment, stamp, span, y, fixed, note, chinese, raw, body, words, choice, choices, doc, place) VALUES
  (1, 18446744073709551615, -12345678901234567890.0123456789, 1e300, b'10101010101', '2024-02-29', '2024-02-29 12:34:56.789012', '2001-02-03 04:05:06', '-838:59:58.999', 1999, 'Zürich', 'a\0b\nc\rd\\e''f"g\Zh%_i', '中文', UNHEX('0001FE5C27220D0A1A'), NULL, 'some words; and -- no comment /* here */', 'b''c', 'x,z', '{"k": ["v", null, 1.5]}', ST_GeomFromText('POINT(1 2)')),
  (NULL, 0, 0, -0.5, b'0', '1000-01-01', NULL, NULL, NULL, NULL, '', '', '', '', '', '', 'a', '', '[]', NULL),
  (2, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '😀 DROP TABLE kinds; 日本語', NULL, REPEAT(UNHEX('5C'), 255), REPEAT(UNHEX('00275C220A0D1AFF'), 200000), REPEAT('long ', 5000), NULL, NULL, NULL, NULL);
CREATE TABLE `we``ird "name" ;-- é` (`select` INT PRIMARY KEY, `a b.c` VARCHAR(60) DEFAULT 'it''s', `ключ` INT, KEY `in``dex` (`ключ`));
INSERT INTO `we``ird "name" ;-- é` VALUES (1, 'one', 1), (2, '/*!50000 DROP TABLE kinds */', 2);
CREATE TABLE `テーブル` (id INT PRIMARY KEY, parent INT, CONSTRAINT `鍵` FOREIGN KEY (parent) REFERENCES `we``ird "name" ;-- é` (`select`) ON DELETE CASCADE);
INSERT INTO `テーブル` VALUES (1, 1), (2, NULL);
CREATE TABLE parts (id INT, at DATE, KEY (id)) PARTITION BY RANGE (YEAR(at)) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO parts VALUES (1, '1999-12-31'), (2, '2000-01-01');
CREATE TABLE log (at INT AUTO_INCREMENT PRIMARY KEY, what TEXT);
CREATE TABLE `empty` (id INT);
@mariadb CREATE SEQUENCE numbers START WITH 10 INCREMENT BY 5;
@mysql CREATE TABLE hidden (id INT PRIMARY KEY, secret INT INVISIBLE DEFAULT 4, KEY fn ((id + secret)));
@mysql INSERT INTO hidden (id) VALUES (1);
CREATE VIEW plain AS SELECT id, note FROM kinds WHERE tiny > 0;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `view of a ``view``` AS SELECT p.id AS `the id`, w.`a b.c` FROM plain p JOIN `we``ird "name" ;-- é` w ON w.`select` = p.id WITH LOCAL CHECK OPTION;
CREATE TRIGGER `before it` BEFORE INSERT ON kinds FOR EACH ROW BEGIN
  -- a comment; with a semicolon
  IF NEW.tiny > 50 THEN SET NEW.tiny = 50; END IF;
  INSERT INTO log (what) VALUES (CONCAT('insert ', QUOTE(NEW.note), ' ;'));
END;
CREATE TRIGGER after_it AFTER DELETE ON parts FOR EACH ROW DELETE FROM log WHERE at = OLD.id;
CREATE PROCEDURE clean (IN days INT, OUT gone INT) COMMENT 'deletes; much' BEGIN
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET gone = -1;
  DELETE FROM log WHERE at < days; -- DROP TABLE log
  SET gone = ROW_COUNT();
  SELECT 'done', "double", 'it''s';
END;
CREATE FUNCTION plus (a INT, b INT) RETURNS INT DETERMINISTIC RETURN a + b;
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT';
CREATE FUNCTION ansi (a TEXT) RETURNS TEXT DETERMINISTIC RETURN 'back\' || "a" || '''';
SET sql_mode = DEFAULT;
CREATE EVENT `every night` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE COMMENT 'not now' DO BEGIN DELETE FROM log; TRUNCATE `empty`; END;
