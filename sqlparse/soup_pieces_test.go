package sqlparse_test

// What soup is made of.

// soupVersions are versions of executable comments around those that servers
// compare with: their own, MariaDB's gap from 5.7 to 10.0, and odd digits.
var soupVersions = []string{
	"00000", "50000", "50699", "50700", "50799", "80000", "90000", "90703", "90704", "90705", "99999", "100000", "100100", "101119", "101120",
	"110000", "999999", "000000", "050000", "090704", "5070", "507", "0", "500001", "907040", "9070", "1011199", "50000a", "50000_", "1e5", "5.7",
}

// soupHarmless are statements that anybody may execute, so that the server
// goes on to the next one.
var soupHarmless = []string{
	"SELECT 1", "SELECT 'x'", "DO 1", "SET @a = 'x'", "BEGIN", "COMMIT", "ROLLBACK", "SHOW WARNINGS", "SELECT now()", "SELECT N'x', @a", "SELECT \"x\" 'x'", "SELECT 1 AS `x`",
	"(SELECT 1) UNION (SELECT 'x')", "WITH c AS (SELECT 1) SELECT * FROM c", "SELECT CASE 'x' WHEN 1 THEN 2 END", "SAVEPOINT a", "USE d", "SELECT 10--1", "SELECT -1.5e1",
	"PREPARE s FROM 'SELECT 1'", "SET sql_mode = ''", "VALUES (1)", "SELECT 0x41, b'1'", "UNLOCK TABLES", "SHOW TABLES", "SELECT @@sql_mode", "SELECT 'a''b', 'x'",
}

var soupStatements = []string{
	"SELECT 1", "SELECT a FROM t", "SELECT 'x'", "DROP TABLE t", "DELETE FROM t WHERE id=1", "UPDATE t SET a=1 WHERE b='x'",
	"INSERT INTO t VALUES (1,'a')", "SELECT \"x\" AS a", "SELECT `a` FROM `t`", "TRUNCATE t", "SELECT count(*) FROM t",
	"SELECT now()", "SELECT @a, @@version", "SELECT 1.5e1", "SELECT t.1a FROM t", "SELECT 0x41, x'41', b'1'", "CREATE TABLE t (a INT)",
	"SELECT N'x', _utf8'x'", "SELECT a||b FROM t", "SELECT 10--1", "SELECT /*+ MAX_EXECUTION_TIME(1) */ 1",
	"CREATE PROCEDURE p() BEGIN SELECT 1; DROP TABLE t; END", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a=1",
	"BEGIN", "COMMIT", "EXPLAIN DELETE FROM t", "DO 1", "CALL p()", "USE d", "SHOW TABLES", "ALTER TABLE t DROP COLUMN a",
	"SELECT CASE WHEN 1 THEN 2 END", "SELECT -1", "WITH c AS (SELECT 1) SELECT * FROM c", "(SELECT 1) UNION (SELECT 2)",
	"CREATE FUNCTION f() RETURNS INT RETURN 1", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t", "LOCK TABLES t READ", "XA RECOVER",
	"SELECT /*+ BKA(t) */ a FROM t", "INSERT /*+ SET_VAR(sort_buffer_size=1) */ INTO t SET a = 'x'", "REPLACE INTO t SELECT * FROM u",
	"SET @a = 'x', @b = 2", "SET NAMES utf8mb4", "SET SESSION TRANSACTION READ WRITE", "SHOW CREATE TABLE t", "SHOW WARNINGS LIMIT 1",
	"SELECT a FROM t WHERE b = 'x' AND c LIKE 'x' ORDER BY 1 LIMIT 1", "SELECT d.f (1), d . t . a FROM d . t", "SELECT a AS 'x' FROM t AS b",
	"CREATE PROCEDURE p(a INT) IF a THEN SELECT 1; ELSE DROP TABLE t; END IF", "CREATE DEFINER = 'a'@'b' TRIGGER g AFTER DELETE ON t FOR EACH ROW BEGIN END",
	"CREATE FUNCTION f(a INT) RETURNS VARCHAR(9) CHARSET utf8mb4 DETERMINISTIC RETURN CONCAT(a, 'x')", "CREATE PROCEDURE p() l: LOOP LEAVE l; END LOOP l",
	"CREATE EVENT e ON SCHEDULE AT CURRENT_TIMESTAMP COMMENT 'x' DO BEGIN DELETE FROM t; END", "PREPARE s FROM 'SELECT 1'", "EXECUTE s USING @a", "DEALLOCATE PREPARE s",
	"GRANT SELECT ON d.* TO 'x'@'x'", "REVOKE ALL PRIVILEGES, GRANT OPTION FROM x", "DROP USER 'x'@'x'", "KILL QUERY 1", "FLUSH TABLES t WITH READ LOCK",
	"HANDLER t OPEN", "ANALYZE TABLE t", "CREATE VIEW v AS SELECT 1", "RENAME TABLE t TO u", "LOAD DATA LOCAL INFILE 'x' INTO TABLE t", "SIGNAL SQLSTATE '45000'",
	"SELECT * FROM t JOIN u USING (a), (SELECT 1) AS x", "DELETE t FROM t, u WHERE t.a = u.a", "DELETE FROM t USING t, u", "UPDATE t, u SET t.a = 1",
	"SELECT (SELECT 1), EXISTS (SELECT 2)", "SELECT a->'$.x', a->>'$.x' FROM t", "SELECT 1 WHERE ! 1 AND NOT 2 OR 3 XOR 4", "SELECT {d '2020-01-01'}", "TABLE t", "VALUES ROW(1)",
	"SELECT 'a' 'b' 'x'", "SELECT 1 INTO @a", "SELECT 1 FOR UPDATE", "DROP PROCEDURE IF EXISTS d.p", "DROP FUNCTION f", "DROP DATABASE IF EXISTS d", "CREATE DATABASE d2",
	"CREATE SEQUENCE s", "EXECUTE IMMEDIATE 'SELECT 1'", "BEGIN NOT ATOMIC SELECT 1; DROP TABLE t; END", "IF 1 THEN SELECT 1; END IF", "SET STATEMENT max_statement_time=1 FOR SELECT 1",
	"ANALYZE DELETE FROM t", "DELETE FROM t RETURNING a", "CREATE OR REPLACE TABLE t (a INT)", "CREATE PACKAGE p AS PROCEDURE q; END", "CREATE PROCEDURE p AS BEGIN NULL; END", "SELECT [a] FROM [t]",
	"CREATE PROCEDURE p() LANGUAGE JAVASCRIPT AS $$ x $$", "EXPLAIN FORMAT=TREE SELECT 1", "EXPLAIN ANALYZE SELECT 1", "SET PERSIST max_connections = 9", "SHOW BINARY LOGS", "RESET PERSIST", "DESC t a",
}

// soupSpaces part two words, or look as if they did.
var soupSpaces = []string{
	" ", "  ", "\t", "\n", "\r", "\v", "\f", "\r\n", "/**/", "/* */", "/*!*/", "/*! */", "/*!50000*/", "/*!99999*/", "/*M!*/", "-- \n", "--\n", "#\n", "-- x\r\n", "# '\n", "-- /*\n", "/* -- */",
	"\x00", "\x1a", "\xa0", "\x85", "\xc2\xa0", "\xe3\x80\x80", "\xef\xbb\xbf", "\x7f", "\x01", "\x0e", "/*/**/", "/*/", "/***/", "/* /* */", "/*!99999 /* */ */", "/*!99999 /* */", "/*!50000 /* */ */",
}

var soupPieces = []string{
	"/*!", "/*!50000 ", "/*!50700", "/*!90704 ", "/*!90705 ", "/*!99999 ", "/*!100000 ", "/*!101119 ", "/*!101120 ", "/*!500001 ",
	"/*!050000 ", "/*!100100", "/*!999999 ", "/*!0 ", "/*!5070", "/*M!", "/*M!100000 ", "/*M!50700 ", "/*M!101120 ", "/*T! ", "/*+ ", "/*", "*/", " */ ", "/**/", "/* x */",
	"-- ", "--", "--\n", "--\t", "--\x01", "--\x7f", "--\xa0", "--\x85", "#", "\n", "\r", "\t", "\v", "\f", " ", "  ", "\x00", "\x1a", "\xa0", "\x85",
	"'", "''", "\"", "\"\"", "`", "``", "\\", "\\'", "\\\"", "\\\\", "\\`", "'\\'", "'x'", "\"x\"", "`x`",
	";", "; ", ";;", "; DROP TABLE t", "; SELECT 2", "; DELETE FROM t",
	"\x81", "\x83\x5c", "\x95\x5c", "\xbf\x5c", "\xbf\x27", "\xbf\x60", "\xa1\x5c", "\x81\x30\x81\x30", "\x8f\xa1\xa1", "\x8e\xa1", "\xe3\x81\x82", "\xc3\xa9", "\xff", "\x80", "\xb1", "\xe0\x5c", "\xfc\x5c", "\xfe\x5c",
	"\xf0\x9f\x98\x80", "\xf0\x9f", "\xc2", "\xed\xa0\x80", "\x81\x22", "\x8e\x5c",
	"1.e", "1.e(", "1e", "1e5x", ".1", "1.", "0x", "0xg", "x'4'", "b'2'", "0b1", "1a", "a.1b", ".5.", "..", "1..2", "0X41", "X'41'", "1.e,", "1.e)", "1.e+", "1e+", "1e-5", "1.5e", "a.0x1", "a.1e5", "1_000",
	"@", "@@", "@a", "@`a`", "@'a'", "@@a", "@@global.a", "@@`a`", "@@session . a", "@a.b", "@ a", "@\"a\"", ":=", "->", "->>", "<=>", "||", "&&", "!", "!=", "<>", "<<", ">>", "~", "^", "|", "&", "%", "{", "}", "[", "]", "[a]", "[']", "?", "?a", ":a", ":",
	"$", "$$", "$a$", "$$ x $$", "$a$ ' $a$", "a$$b", "$1", "_utf8", "_utf8'x'", "_latin1 'x'", "_x", "_gbk'\xbf\x27'", "_binary x'41'", "_utf8mb4 0x41", "_sjis'\x95\x5c'", "N'x'", "n'", "\\N", "NULL", "AS b", "AS 'b'", "AS \"b\"", "AS `b`", ", 2", "+ 1", "- 1", "OR 1",
	"count (*)", "now ()", "WHERE 1=1", "LIMIT 1", "COLLATE utf8mb4_bin", "IS NOT NULL", "BETWEEN 1 AND 2", "NOT 1", "DELIMITER $$\n", "\\G", "\\g", "CALL", "a.b.c", ".t", ". t", "d .t", "d. t",
	"END", "BEGIN", "IF", "(", ")", ",", "=", "*", ".", "/", "-", "<<l>>", ":NEW.a", "a%TYPE", "DECLARE", "ELSE", "THEN", "/",
}
