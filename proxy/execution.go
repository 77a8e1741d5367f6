package proxy

import (
	"bytes"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// execution is a COM_STMT_EXECUTE: what a decision hangs on that the text of the
// statement does not tell.
type execution struct {
	of   *statement
	body []byte
	bulk bool // MariaDB's: many executions in one, which EXPLAIN does not take
}

// hasAttributes reports whether each parameter of an execution has a name.
func (s *session) hasAttributes() bool {
	return s.clientCapabilities&mysql.CLIENT_QUERY_ATTRIBUTES != 0
}

// remember keeps the types of a statement's parameters, which clients send only
// when they have changed. Those of an execution that cannot be read are not known.
func (st *statement) remember(body []byte, bulk, attributes bool) {
	var types []byte
	var err error
	if bulk {
		types, err = wire.BulkTypes(body, st.params)
	} else {
		var bound, end int
		if bound, end, err = wire.ParamTypes(body, st.params, attributes); err == nil {
			types = wire.OwnTypes(body[min(bound+1, end):end], st.params, attributes)
		}
	}
	switch {
	case err != nil:
		st.types, st.untold = nil, false
	case len(types) > 0:
		st.types, st.untold = append(st.types[:0], types...), true
	}
}

// typed is the body of the execution with the types of its parameters.
func (e execution) typed(s *session) (_ []byte, ok bool) {
	if e.bulk {
		return nil, false
	}
	bound, end, err := wire.ParamTypes(e.body, e.of.params, s.hasAttributes())
	switch {
	case err != nil:
		return nil, false
	case bound == len(e.body), end > bound+1:
		return e.body, true
	case len(e.of.types) == 0:
		return nil, false
	}
	out := append(bytes.Clone(e.body[:bound]), 1)
	out = append(out, e.of.types...)
	return append(out, e.body[end:]...), true
}

// withTypes is the message with the execution, which is forwarded. It has the
// types of its parameters where it was judged by them, and where the server was
// not sent them: it reads the parameters then as the client wrote them.
func (s *session) withTypes(message wire.Message, e execution, judged bool) wire.Message {
	if e.bulk {
		types, _ := wire.BulkTypes(e.body, e.of.params)
		e.of.untold = e.of.untold && len(types) == 0
		return message
	}
	if !judged && !e.of.untold {
		return message
	}
	body, ok := e.typed(s)
	if !ok {
		return message
	}
	e.of.untold = false
	if len(body) == len(e.body) {
		return message
	}
	raw, next := wire.AppendPacket(nil, 0, append([]byte{mysql.COM_STMT_EXECUTE}, body...))
	return wire.Message{Raw: raw, Seq: next - 1}
}

// limit returns the number that the execution binds to the LIMIT in which its
// statement ends. What came as long data is not in the body.
func (e execution) limit(s *session) (rows uint64, ok bool) {
	body, typed := e.typed(s)
	if !typed || e.of.pieces > 0 || e.of.params == 0 || !sqlparse.LimitIsLastParameter(e.of.text, s.state.mode, e.of.params) {
		return 0, false
	}
	list, values, err := wire.Params(body, e.of.params, s.hasAttributes())
	if err != nil {
		return 0, false
	}
	return wire.UintParam(list, values, e.of.params-1)
}

// values counts those in that the execution binds.
func (e execution) values(s *session, i int) map[string]sqlparse.Values {
	return s.pinned(e.of.text, i, e.of.params, e.parameters(s))
}

// pinned says of what sort the values are that the i-th statement of a text holds
// columns to, with what is bound to its so many parameters.
func (s *session) pinned(text []byte, i, params int, bound []wire.Param) map[string]sqlparse.Values {
	all := map[string]sqlparse.Values{}
	for _, pin := range s.server.options.Reader.Pins(text, s.state.mode, i, params) {
		values := pin.Values
		for _, at := range pin.Parameters {
			if at >= len(bound) {
				values = sqlparse.AnyValues
				break
			}
			values = min(values, valuesOf(bound[at]))
		}
		all[pin.Column] = values
	}
	return all
}

func valuesOf(p wire.Param) sqlparse.Values {
	switch {
	case p.Text():
		return sqlparse.Texts
	case p.Number():
		return sqlparse.NoDates
	}
	return sqlparse.AnyValues
}

// parameters are those of the execution, or none where they are not known.
func (e execution) parameters(s *session) (list []wire.Param) {
	if e.bulk {
		if types, _ := wire.BulkTypes(e.body, e.of.params); len(types) > 0 || !e.of.untold {
			list, _ = wire.ParamsOf(e.of.types, e.of.params, false)
		}
		return list
	}
	if body, ok := e.typed(s); ok {
		list, _, _ = wire.Params(body, e.of.params, s.hasAttributes())
	}
	return list
}
