package proxy

import (
	"slices"

	"guardrail/policy"
	"guardrail/proxy/wire"
)

// findings are what the server has told about the command at the head, for a
// decision that was made without.
type findings struct {
	put     []policy.Question // an answer has come, or there is none
	answers []policy.Answer
	failed  *wire.Err // the server's, in the place of an estimate
}

// asked is a command that a decision has questions about.
type asked interface {
	// explain asks the server how many rows the command would touch. It reports
	// false, having asked nothing, where there is no way to ask.
	explain(s *session, q policy.Question) bool
	// limit returns the number that the command binds to its LIMIT.
	limit(s *session) (rows uint64, ok bool)
	// texts returns the columns that its i-th statement holds to nothing but texts.
	texts(s *session, i int) []string
}

// inform answers the questions of a decision one by one, and decides again with
// each answer. It returns nil while one is under way: the same command is looked
// at again. What has no answer in the end is in the decision as it was made.
func (s *session) inform(v *verdict, schema string, command asked) *verdict {
	s.head.touched = true
	for f := &s.head.findings; ; {
		if len(f.put) > 0 {
			v = s.judgeKnowing(schema, v.statements, f.answers).after(v)
		}
		i := slices.IndexFunc(v.decision.Questions, func(q policy.Question) bool { return !slices.Contains(f.put, q) })
		if i < 0 {
			return s.failing(v)
		}
		if s.put(v.decision.Questions[i], command) {
			return nil
		}
	}
}

// put puts a question and reports whether its answer is waited for.
func (s *session) put(q policy.Question, command asked) (waits bool) {
	switch q.Kind {
	case policy.AskRows:
		waits = command.explain(s, q)
	case policy.AskKeys:
		waits = s.lookUp(q)
	case policy.AskLimit:
		if rows, ok := command.limit(s); ok {
			s.head.findings.found(policy.Answer{Question: q, Rows: rows})
		}
	case policy.AskTexts:
		s.head.findings.found(policy.Answer{Question: q, Texts: command.texts(s, q.Statement)})
	}
	if !waits && !slices.Contains(s.head.findings.put, q) {
		s.head.findings.put = append(s.head.findings.put, q)
	}
	return waits
}

// found takes the answer to a question.
func (f *findings) found(a policy.Answer) {
	f.put = append(f.put, a.Question)
	f.answers = append(f.answers, a)
}

// missed notes that a question has no answer, and why the server says so.
func (f *findings) missed(q policy.Question, failed *wire.Err) {
	f.put = append(f.put, q)
	f.failed = failed
}

// unexplained are the errors of an EXPLAIN that the statement itself would get
// as well. Its client is told of them, as if there had been no question.
var unexplained = map[uint16]bool{
	1044: true, // ER_DBACCESS_DENIED_ERROR
	1046: true, // ER_NO_DB_ERROR
	1049: true, // ER_BAD_DB_ERROR
	1052: true, // ER_NON_UNIQ_ERROR
	1054: true, // ER_BAD_FIELD_ERROR
	1109: true, // ER_UNKNOWN_TABLE
	1142: true, // ER_TABLEACCESS_DENIED_ERROR
	1143: true, // ER_COLUMNACCESS_DENIED_ERROR
	1146: true, // ER_NO_SUCH_TABLE
	1205: true, // ER_LOCK_WAIT_TIMEOUT
	1213: true, // ER_LOCK_DEADLOCK
	1288: true, // ER_NON_UPDATABLE_TABLE
	1290: true, // ER_OPTION_PREVENTS_STATEMENT
	1317: true, // ER_QUERY_INTERRUPTED
	1792: true, // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
	1836: true, // ER_READ_ONLY_MODE
	1969: true, // ER_STATEMENT_TIMEOUT, MariaDB
	3024: true, // ER_QUERY_TIMEOUT
}

// failing puts the server's own error in the place of a decision that rests on
// an estimate which the server refused with that error.
func (s *session) failing(v *verdict) *verdict {
	failed := s.head.findings.failed
	if failed == nil || v.decision.Cause != policy.ByRows || len(v.decision.Questions) == 0 || !unexplained[failed.Code] {
		return v
	}
	told := *v
	if v.decision.Action == policy.Allow { // only observed: the server tells its client itself
		told.decision = policy.Decision{Action: policy.Allow}
	} else {
		told.told = failed
	}
	return &told
}
