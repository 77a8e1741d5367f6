package proxy

import (
	"bytes"
	"slices"
	"strings"

	"guardrail/sqlparse"
)

// reported says which variables the server has reported.
type reported uint8

const (
	reportedAny     reported = 1 << iota
	reportedMode             // sql_mode
	reportedCharset          // character_set_client
)

// expectation is what the server must report of a statement that sets state,
// for its report to be believed. That it reports something is not enough: a
// client may set what is to be reported in the same breath, to a variable that
// is no concern of ours. The zero value believes no report.
type expectation struct {
	known bool
	all   reported
}

func (x expectation) metBy(r reported) bool { return x.known && r&x.all == x.all }

// expected is what must be reported of a text. Of one that sets state more than
// once, that runs other texts, or that sets what is reported, nothing is believed.
func expected(statements []sqlparse.Statement, text []byte) (x expectation) {
	setting := -1
	for i := range statements {
		if statements[i].Effect&sqlparse.SetsState == 0 {
			continue
		}
		if setting >= 0 {
			return expectation{}
		}
		setting = i
	}
	if setting < 0 || statements[setting].Effect&sqlparse.MayHideState != 0 || slices.ContainsFunc(statements[setting].Sets, setsReport) {
		return expectation{}
	}
	x = expectation{known: true, all: reportedAny}
	if slices.Contains(statements[setting].Sets, "sql_mode") {
		x.all |= reportedMode
	}
	if mentionsCharset(text) {
		x.all |= reportedCharset
	}
	return x
}

// setsReport reports whether a variable decides what the server reports, or cannot be told.
func setsReport(name string) bool {
	return name == sqlparse.AnyVariable || strings.HasPrefix(name, "session_track_")
}

// mentionsCharset reports whether a SET may set character_set_client: by its
// name, by SET NAMES, CHARACTER SET, CHAR SET or CHARSET.
func mentionsCharset(text []byte) bool {
	upper := bytes.ReplaceAll(bytes.ToUpper(text), []byte("CHARACTER_SET_RESULTS"), nil)
	return bytes.Contains(upper, []byte("NAMES")) || bytes.Contains(upper, []byte("CHAR"))
}

// holdsText reports whether a statement holds a text, which may read differently
// in other modes though its own words do not.
func holdsText(st sqlparse.Statement) bool { return len(st.Inner) > 0 }
