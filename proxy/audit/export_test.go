package audit

import (
	"context"
	"testing"
	"time"
)

// Fill lets an SQLite store grow no more and fills what room it has, as on a
// full disk. Empty undoes it.
func Fill(t testing.TB, s *Store) {
	t.Helper()
	for _, text := range []string{"CREATE TABLE filler (filling BLOB)", "PRAGMA max_page_count = 1"} {
		if _, err := s.db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	for {
		if _, err := s.db.Exec("INSERT INTO filler VALUES (zeroblob(100))"); err != nil {
			return
		}
	}
}

// Empty gives a store that was filled its room again.
func Empty(t *testing.T, s *Store) {
	t.Helper()
	if _, err := s.db.Exec("PRAGMA max_page_count = 1073741823"); err != nil {
		t.Fatal(err)
	}
}

// Prune removes a little of what is too old or too much.
func (s *Store) Prune(ctx context.Context, keep Retention, now time.Time) (bool, error) {
	return s.prune(ctx, keep, now)
}

// ClaimDead finds writers that ended without signing off.
func (s *Store) ClaimDead(ctx context.Context, now time.Time) ([]string, error) {
	return s.claimDead(ctx, now)
}
