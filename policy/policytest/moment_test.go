package policytest_test

import (
	"strings"
	"testing"
	"time"

	"guardrail/policy"
	"guardrail/policy/policytest"
)

// moments is a policy whose decisions hang on the moment. TestMoments runs it on
// a Sunday, 2026-11-22 12:00 UTC.
const moments = `
app: shop
accounts: [shop]
environments: [production]
grants:
  - SELECT, DELETE ON shop.*
  - {allow: ALTER ON shop.*, during: Mon-Fri 09:00-18:00 Asia/Tokyo}
  - {allow: CREATE ON shop.*, during: Sun 09:00-18:00 UTC}
require:
  - {id: batches, rule: LIMIT FOR DELETE, mode: observe, until: 2026-12-31T09:00:00+09:00}
tests:
`

const exceptions = `exceptions:
  - {app: shop, allow: DROP TABLE ON shop.old_*, until: 2026-12-15T18:00:00+09:00, ticket: OPS-1, by: ann}
  - {app: shop, allow: TRUNCATE ON shop.old_*, until: 2026-11-20T18:00:00+09:00, ticket: OPS-2, by: ann}
`

func TestMoments(t *testing.T) {
	for _, tt := range []struct {
		test    string
		failure string
		hanging string
		blocks  bool // a reload
	}{
		{"{sql: SELECT 1 FROM shop.t, expect: allow}", "", "", false},
		{
			"{sql: CREATE TABLE shop.t (i INT), expect: allow}", "",
			"this test hangs on when it is run, and fails from 2026-11-22T18:00:00Z on: expected allow, but it is refused by not-granted (a.yaml:2), CREATE ON shop.t; " +
				"granted only Sun 09:00-18:00 UTC by a.yaml:8; say which moment it is about, as in at: 2026-11-22T12:00:00Z", false,
		},
		{"{sql: CREATE TABLE shop.t (i INT), expect: allow, at: 2026-11-22T12:00:00Z}", "", "", false},
		{
			"{sql: ALTER TABLE shop.t ADD c INT, expect: allow}",
			"expected allow, but it is refused by not-granted (a.yaml:2), ALTER ON shop.t; granted only Mon-Fri 09:00-18:00 Asia/Tokyo by a.yaml:7; " +
				"it passes from 2026-11-23T09:00:00+09:00 on",
			"this test hangs on when it is run: expected allow, but it is refused by not-granted (a.yaml:2), ALTER ON shop.t; granted only Mon-Fri 09:00-18:00 Asia/Tokyo by a.yaml:7; " +
				"it passes from 2026-11-23T09:00:00+09:00 on; say which moment it is about, as in at: 2026-11-23T09:00:00+09:00", false,
		},
		{
			"{sql: ALTER TABLE shop.t ADD c INT, expect: allow, at: 2026-11-22T12:00:00Z}",
			"expected allow, but it is refused by not-granted (a.yaml:2), ALTER ON shop.t; granted only Mon-Fri 09:00-18:00 Asia/Tokyo by a.yaml:7", "", true,
		},
		{
			"{sql: ALTER TABLE shop.t ADD c INT, expect: deny}", "",
			"this test hangs on when it is run, and fails from 2026-11-23T09:00:00+09:00 on: expected deny, but it is allowed; " +
				"say which moment it is about, as in at: 2026-11-22T21:00:00+09:00", false,
		},
		{
			// What must be refused and is not keeps a policy out, whatever the hour.
			"{sql: CREATE TABLE shop.t (i INT), expect: deny}", "expected deny, but it is allowed; it passes from 2026-11-22T18:00:00Z on",
			"this test hangs on when it is run: expected deny, but it is allowed; it passes from 2026-11-22T18:00:00Z on; say which moment it is about, as in at: 2026-11-22T18:00:00Z", true,
		},
		{
			"{sql: DROP TABLE shop.old_1, expect: allow}", "",
			"this test hangs on when it is run, and fails from 2026-12-15T18:00:00+09:00 on: expected allow, but it is refused by not-granted (a.yaml:2), DROP TABLE ON shop.old_1; " +
				"the exception b.yaml:2 has ended at 2026-12-15T18:00:00+09:00; say which moment it is about, as in at: 2026-11-22T21:00:00+09:00", false,
		},
		{
			"{sql: TRUNCATE shop.old_1, expect: allow}",
			"expected allow, but it is refused by not-granted (a.yaml:2), TRUNCATE ON shop.old_1; the exception b.yaml:3 has ended at 2026-11-20T18:00:00+09:00; it passed at 2026-11-20T17:59:59+09:00",
			"this test hangs on when it is run: expected allow, but it is refused by not-granted (a.yaml:2), TRUNCATE ON shop.old_1; the exception b.yaml:3 has ended at 2026-11-20T18:00:00+09:00; " +
				"it passed at 2026-11-20T17:59:59+09:00; say which moment it is about, as in at: 2026-11-20T17:59:00+09:00", false,
		},
		{"{sql: DROP TABLE shop.old_1, expect: deny}", "expected deny, but it is allowed by the exception b.yaml:2; it passes from 2026-12-15T18:00:00+09:00 on", "*", true},
		{"{sql: DROP TABLE shop.t, expect: allow}", "expected allow, but it is refused by not-granted (a.yaml:2), DROP TABLE ON shop.t", "", true},

		// What is only observed.
		{"{sql: DELETE FROM shop.t WHERE id = 1, expect: deny, by: LIMIT}", "", "", false},
		{
			"{sql: DELETE FROM shop.t WHERE id = 1, expect: observe, by: LIMIT}", "",
			"this test hangs on when it is run, and fails from 2026-12-31T09:00:00+09:00 on: expected observe, but it is refused by batches (a.yaml:10), and was observed until 2026-12-31T09:00:00+09:00; " +
				"say which moment it is about, as in at: 2026-11-22T21:00:00+09:00", false,
		},
		{"{sql: DELETE FROM shop.t WHERE id = 1, expect: observe, by: LIMIT, at: 2026-11-22T21:00:00+09:00}", "", "", false},
		{"{sql: DELETE FROM shop.t WHERE id = 1 LIMIT 1, expect: observe}", "expected observe, but it is allowed", "", true},
		{"{sql: DROP TABLE shop.t, expect: observe}", "expected observe, but it is refused by not-granted (a.yaml:2), DROP TABLE ON shop.t", "", true},
		{"{sql: DELETE FROM shop.t, expect: observe, by: WHERE}", "expected observe by WHERE, but it is refused by batches (a.yaml:10); write by: batches", "", true},
		{
			"{sql: DELETE FROM shop.t WHERE id = 1, expect: allow}",
			"expected allow, but it is refused by batches (a.yaml:10), only observed until 2026-12-31T09:00:00+09:00; tests count that as refused, unless they expect observe", "", true,
		},
		{
			"{sql: DELETE FROM shop.t WHERE id = 1, expect: observe, at: 2026-12-31T09:00:00+09:00}",
			"expected observe, but it is refused by batches (a.yaml:10), and was observed until 2026-12-31T09:00:00+09:00", "", true,
		},
	} {
		t.Run(tt.test, func(t *testing.T) {
			p, err := policy.Parse([]policy.Source{{File: "a.yaml", Text: []byte(moments + "  - " + tt.test + "\n")}, {File: "b.yaml", Text: []byte(exceptions)}})
			if err != nil {
				t.Fatal(err)
			}
			results := policytest.Run(p, options())
			if results[0].Failure != tt.failure {
				t.Errorf("\n got %q\nwant %q", results[0].Failure, tt.failure)
			}
			told := ""
			if hanging := policytest.Hanging(results); len(hanging) > 0 {
				told = strings.TrimPrefix(hanging.Error(), "a.yaml:12:5: ")
			}
			if told != tt.hanging && tt.hanging != "*" {
				t.Errorf("\n got %q\nwant %q", told, tt.hanging)
			}
			outdated, failed := policytest.Check(p, options())
			if blocks := failed != nil; blocks != tt.blocks || len(outdated) > 0 != (tt.failure != "" && !blocks) {
				t.Errorf("outdated %v, failed %v", outdated, failed)
			}
		})
	}
}

// TestAnEndedObserveModeKeepsNoPolicyOut holds what becomes of a test when the
// observe mode it is about has ended overnight.
func TestAnEndedObserveModeKeepsNoPolicyOut(t *testing.T) {
	p, err := policy.Parse([]policy.Source{{File: "a.yaml", Text: []byte(moments + "  - {sql: DELETE FROM shop.t, expect: observe}\n")}})
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Now = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	const want = "a.yaml:12:5: this test fails at this moment: expected observe, but it is refused by batches (a.yaml:10), " +
		"and was observed until 2026-12-31T09:00:00+09:00; it passed at 2026-12-31T08:59:59+09:00"
	if outdated, failed := policytest.Check(p, o); failed != nil || outdated.Error() != want {
		t.Errorf("\n got %v, %v\nwant %s", outdated, failed, want)
	}
}
