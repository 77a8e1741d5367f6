package audit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"time"

	"github.com/oklog/ulid/v2"
)

// NewID returns an event id: a ULID, 26 characters, sortable by its time.
func NewID(at time.Time) string {
	return ulid.MustNew(ulid.Timestamp(at), rand.Reader).String()
}

// Identify gives the event its id: a ULID of its time, whose next 32 bits are
// those of its issue. An event that was only counted, one of many, is found by
// its id all the same. The fields that make the issue must be set before.
func (e *Event) Identify() {
	id := ulid.MustNew(ulid.Timestamp(e.Time), rand.Reader)
	binary.BigEndian.PutUint32(id[6:10], uint32(keyOf(e).id()>>32))
	e.ID = id.String()
}

// IssueID is the number of an issue: the same for the same app, rule and shape
// in every process. It is positive.
type IssueID int64

// String is the id as it stands in addresses: 16 hexadecimal digits.
func (i IssueID) String() string { return fmt.Sprintf("%016x", int64(i)) }

// ParseIssueID reads what String writes.
func ParseIssueID(s string) (IssueID, error) {
	n, err := strconv.ParseUint(s, 16, 63)
	if err != nil || len(s) != 16 {
		return 0, fmt.Errorf("%q is no issue's id: 16 hexadecimal digits are", s)
	}
	return IssueID(n), nil
}

// issueKey is what events of one issue have in common. Account is set only
// where no app is known, Shape to the masked text's hash
// where no shape is.
type issueKey struct {
	decision             Decision
	environment, backend string
	app, account         string
	rule, shape          string
}

func keyOf(e *Event) issueKey {
	k := issueKey{decision: e.Decision, environment: e.Environment, backend: e.Backend, app: e.App, rule: e.Rule, shape: e.Shape}
	if k.app == "" {
		k.account = e.Account
	}
	if k.shape == "" && e.Statement != "" {
		k.shape = fmt.Sprintf("~%016x", uint64(textHash(e.Statement)))
	}
	return k
}

// textHash names a statement's text among those of its issue.
func textHash(statement string) int64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, statement)
	return int64(h.Sum64())
}

func (k issueKey) id() IssueID {
	text := make([]byte, 0, 256)
	for _, s := range [...]string{string(k.decision), k.environment, k.backend, k.app, k.account, k.rule, k.shape} {
		text = append(strconv.AppendInt(text, int64(len(s)), 10), ':')
		text = append(text, s...)
	}
	sum := sha256.Sum256(text)
	return IssueID(binary.BigEndian.Uint64(sum[:]) >> 1)
}

// prefixOf returns the first and the last issue that an id made by Identify can belong to.
func prefixOf(id ulid.ULID) (from, to IssueID) {
	top := IssueID(binary.BigEndian.Uint32(id[6:10]))
	return top << 32, top<<32 | 0xffffffff
}
