package sqlparse_test

import (
	"strings"
	"testing"

	"guardrail/sqlparse"
)

// benchTexts are what the speed of reading is measured on.
var benchTexts = map[string]string{
	"point": "SELECT c FROM sbtest1 WHERE id=12345",
	"join": "SELECT `users`.`id`, `users`.`name`, `orders`.`total`, `orders`.`created_at`, COUNT(`items`.`id`) AS `item_count` FROM `users` " +
		"INNER JOIN `orders` ON `orders`.`user_id` = `users`.`id` LEFT JOIN `items` ON `items`.`order_id` = `orders`.`id` WHERE " +
		"`users`.`company_id` = 42 AND `orders`.`state` IN ('paid', 'sent', 'done') AND `orders`.`created_at` >= '2026-01-01 00:00:00' " +
		"GROUP BY `orders`.`id` ORDER BY `orders`.`created_at` DESC LIMIT 20",
	"rows": "INSERT INTO t (a, b, c) VALUES " + strings.Repeat("(1, 'abc', NULL), ", 1000) + "(1, 'abc', NULL)",
}

func BenchmarkLex(b *testing.B) {
	for name, text := range benchTexts {
		b.Run(name, func(b *testing.B) {
			var buf sqlparse.Tokens
			bytes := []byte(text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				sqlparse.Lex(bytes, mysql97, &buf)
			}
		})
	}
}
