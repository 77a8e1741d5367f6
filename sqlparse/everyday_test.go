package sqlparse_test

import (
	"testing"

	"guardrail/sqlparse"
)

// TestEveryday reads what frameworks, drivers and tools send: no Unknown.
func TestEveryday(t *testing.T) {
	reader := sqlparse.NewReader(sqlparse.Options{})
	for flavour, m := range map[string]sqlparse.Mode{"mysql": mysql97, "mariadb": mariadb10} {
		for _, l := range readList(t, "everyday.txt", flavour) {
			if reason, unknown := reader.Read([]byte(l.text), m).Unknown(); unknown {
				t.Errorf("%s: %q: %s", flavour, l.text, reason)
			}
		}
	}
}

// TestEverydayNeeds holds what some of them need.
func TestEverydayNeeds(t *testing.T) {
	for _, row := range []struct {
		sql   string
		kind  sqlparse.Kind
		needs string
	}{
		{"SET  @@SESSION.sql_mode = CONCAT(CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), ',NO_AUTO_VALUE_ON_ZERO'),  @@SESSION.sql_auto_is_null = 0", "set_option", ""},
		{"SET NAMES utf8mb4,  @@SESSION.sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')", "set_option", ""},
		{"SHOW FULL FIELDS FROM `users`", "show_fields", "ANY users"},
		{"SELECT GET_LOCK('1', 0)", "select", ""},
		{"SELECT VERSION(), @@sql_mode, CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL", "select", ""},
		{"SELECT `users`.* FROM `users` WHERE `users`.`id` = 1 LIMIT 1 FOR UPDATE", "select", "SELECT users, UPDATE users"},
		{"INSERT INTO `users` (`id`) VALUES (1) ON DUPLICATE KEY UPDATE `id`=`id`", "insert", "INSERT users, UPDATE users, SELECT users"},
		{"UPDATE `users` SET `users`.`n` = COALESCE(`users`.`n`, 0) + 1 WHERE `users`.`id` = 1", "update", "UPDATE users, SELECT users"},
		{"UPDATE `users` SET `a` = 1 WHERE `users`.`id` IN (SELECT `t`.`id` FROM (SELECT `users`.`id` FROM `users` WHERE `users`.`seen` < '2020-01-01') AS `t`)", "update", "UPDATE users, SELECT users"},
		{"delete `users` from `users` inner join `posts` on `users`.`id` = `posts`.`user_id`", "delete_multi", "DELETE users, SELECT users, SELECT posts"},
		{"ALTER TABLE `orders` ADD CONSTRAINT `fk` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)", "alter_table", "ALTER orders, REFERENCES users"},
		{"RENAME TABLE `users` TO `people`", "rename_table", "ALTER users, DROP TABLE users, CREATE people, INSERT people"},
		{"drop table `users`,`posts`", "drop_table", "DROP TABLE users, DROP TABLE posts"},
		{"/*!40000 ALTER TABLE `users` DISABLE KEYS */", "alter_table", "ALTER users"},
		{"LOCK TABLES `users` WRITE", "lock_tables", "SELECT users, LOCK TABLES users"},
		{"SELECT /*!40001 SQL_NO_CACHE */ * FROM `users`", "select", "SELECT users"},
		{"/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `g` AFTER INSERT ON `users` FOR EACH ROW BEGIN INSERT INTO audit (id) VALUES (NEW.id); END */",
			"create_trigger", "SET_USER_ID *.*, TRIGGER users, INSERT audit"},
		{"SET @@SESSION.SQL_LOG_BIN= 0", "set_option", "SESSION_VARIABLES_ADMIN *.*"},
		{"SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5'", "set_option", "SYSTEM_VARIABLES_ADMIN *.*"},
		{"FLUSH /*!40101 LOCAL */ TABLES", "flush", "RELOAD *.*"},
		{"KILL QUERY 42", "kill", ""},
		{"/* ApplicationName=DBeaver 24.1.0 - Main */ SET SESSION TRANSACTION READ ONLY", "set_option", ""},
	} {
		if st := readOne(t, row.sql, mysql97); st.Kind != row.kind || needs(st) != row.needs {
			t.Errorf("%s: read as %q %q (%s), want %q %q", row.sql, st.Kind, needs(st), st.Reason, row.kind, row.needs)
		}
	}
}
