package main

import "guardrail/sqlparse"

// readAnswer is one line of output.
type readAnswer struct {
	Statements []readStatementAnswer `json:"statements"`
	Unknown    bool                  `json:"unknown"`
	Reason     string                `json:"reason"`
}

// readFailure answers a line that is no statement.
type readFailure struct {
	Error string `json:"error"`
}

type readStatementAnswer struct {
	Kind        string     `json:"kind"`
	Needs       []readNeed `json:"needs"`
	Destructive bool       `json:"destructive"`
	Explain     bool       `json:"explain"`
	Where       string     `json:"where"`
}

type readNeed struct {
	Privilege string `json:"privilege"`
	Object    string `json:"object"`
}

func newReadAnswer(r sqlparse.Reading) readAnswer {
	answer := readAnswer{Statements: make([]readStatementAnswer, 0, len(r.Statements))}
	answer.Reason, answer.Unknown = r.Unknown()
	for _, st := range r.Statements {
		kind := string(st.Kind)
		if st.Kind == sqlparse.Unknown {
			kind = "unknown"
		}
		a := readStatementAnswer{
			Kind:        kind,
			Needs:       make([]readNeed, 0, len(st.Needs)),
			Destructive: st.Destructive,
			Explain:     st.Explain,
			Where:       st.Where.String(),
		}
		for _, n := range st.Needs {
			a.Needs = append(a.Needs, readNeed{Privilege: string(n.Privilege), Object: n.Object.String()})
		}
		answer.Statements = append(answer.Statements, a)
	}
	return answer
}
