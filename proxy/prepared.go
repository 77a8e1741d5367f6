package proxy

import (
	"encoding/binary"
	"reflect"
	"slices"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/policy"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// lastPrepared is MariaDB's statement id for "the one prepared last".
const lastPrepared = 0xffffffff

// statement is one prepared statement: what was judged when it was prepared,
// so that it can be judged again when the policy or the session's mode has
// changed since. A server may read the text again under a later mode.
type statement struct {
	id       uint32
	params   int
	types    []byte // of the parameters, as the client sent them last; of statements that there may be questions about
	untold   bool   // they came with an execution that was not forwarded
	long     int    // bytes of COM_STMT_SEND_LONG_DATA since the last execution
	pieces   int    // and how many commands they came in
	cut      bool   // some of them were not forwarded
	twin     *twin  // its EXPLAIN, where one was needed
	text     []byte
	mode     sqlparse.Mode // that it was last found to read the same in
	made     sqlparse.Mode // that it was prepared in
	schema   string        // the default schema it was prepared in, and stays in
	verdict  *verdict
	standing uint64 // the policy generation it was judged under
	rows     bool   // it may change rows: there may be questions about it
}

// statements are a session's prepared statements by the server's id.
type statements struct {
	byID map[uint32]*statement
	last *statement
}

// add takes note of the server's answer to a prepare. After one that failed,
// MariaDB has no statement that was prepared last.
func (p *statements) add(ok wire.PrepareOK, made bool, st *statement) {
	if !made {
		p.last = nil
		return
	}
	if p.byID == nil {
		p.byID = make(map[uint32]*statement)
	}
	st.id, st.params = ok.StatementID, int(ok.Params)
	p.byID[st.id] = st
	p.last = st
}

func (p *statements) clear() { *p = statements{} }

func (p *statements) get(id uint32, flavour sqlparse.Flavour) *statement {
	if id == lastPrepared && flavour == sqlparse.MariaDB {
		return p.last
	}
	return p.byID[id]
}

// prepare judges a text at COM_STMT_PREPARE.
func (s *session) prepare(message wire.Message, text []byte) (done bool, err error) {
	if s.tooLarge(message, len(text)) {
		return true, nil
	}
	v := s.judgeText(text)
	if v == nil {
		return false, nil
	}
	if s.pass(message, v.prepared(), text) != passes {
		s.prepared.last = nil // MariaDB's "the one prepared last" must not reach an older one
		return true, nil
	}
	s.forward(message, answerPrepare, 0)
	s.inflight.prepare = &statement{
		text:     append([]byte(nil), text...),
		mode:     s.state.mode,
		made:     s.state.mode,
		schema:   s.state.schema,
		verdict:  v,
		standing: s.generation,
		rows:     slices.ContainsFunc(v.statements, changesRows),
	}
	return true, nil
}

// prepared is the verdict about preparing what the verdict is about: nothing
// is destroyed yet, and questions are put when the parameters are known.
func (v *verdict) prepared() *verdict {
	if v.loss() == "" && len(v.decision.Questions) == 0 {
		return v
	}
	p := *v
	p.destroys, p.unseen = false, false
	if len(v.decision.Questions) > 0 { // nothing else speaks against it
		p.decision = policy.Decision{Action: policy.Allow}
	}
	return &p
}

// execute forwards a COM_STMT_EXECUTE of a statement that was judged, under the
// policy and the mode of now. Its parameters and query attributes are no text.
func (s *session) execute(message wire.Message, body []byte) (done bool, err error) {
	return s.executed(message, body, false)
}

func (s *session) executed(message wire.Message, body []byte, bulk bool) (done bool, err error) {
	st := s.statement(message, body)
	if st == nil {
		s.unknownStatement(message, "mysqld_stmt_execute")
		return true, nil
	}
	st.remember(body, bulk, s.hasAttributes()) // also of what is refused: the client does not send them again
	if s.state.doubtful(false) {
		s.askState()
		return false, nil
	}
	if st.mode != s.state.mode && !s.readAgain(st) {
		s.tell(message.Seq+1, wire.Err{Code: mysql.ER_NEED_REPREPARE, SQLState: "HY000",
			Message: "Prepared statement needs to be re-prepared: Guardrail reads its text differently since the session's sql_mode or character set has changed"})
		return true, nil
	}
	s.renew(st)
	v := st.verdict
	if s.tooMuch(message, st, body) || s.tooFast(message, v, st.text) {
		s.unload(st)
		return true, nil
	}
	var names namings
	if v.names {
		names = s.namings(st.text, st.schema, v.statements)
		if s.named.full(names) {
			s.tell(message.Seq+1, errTooManyNames)
			s.unload(st)
			return true, nil
		}
		v = s.renamed(v, names)
	}
	asked := len(v.decision.Questions) > 0
	if asked {
		if v = s.inform(v, st.schema, execution{st, body, bulk}); v == nil {
			return false, nil
		}
	}
	switch s.pass(message, v, st.text) {
	case waits:
		return false, nil
	case passes:
		s.named.add(names)
		s.forwardAs(v, s.withTypes(message, execution{st, body, bulk}, asked), answerFirst)
	}
	s.unload(st)
	return true, nil
}

// changesRows reports whether a policy can ask how many rows a statement touches.
func changesRows(st sqlparse.Statement) bool {
	switch st.Kind {
	case "update", "update_multi", "delete", "delete_multi":
		return true
	}
	return false
}

// renew judges a statement again that was judged under another policy, or at
// another hour.
func (s *session) renew(st *statement) {
	if st.standing != s.generation || !s.server.holds(st.verdict) {
		st.verdict = s.judge(st.schema, st.verdict.statements).after(st.verdict)
		st.standing = s.generation
	}
}

// tooMuch refuses parameters beyond the app's limit, those that came as long
// data included.
func (s *session) tooMuch(message wire.Message, st *statement, body []byte) bool {
	if st.cut {
		return s.beyond(message, policy.ByPacket, st.text) || s.cutOff(message)
	}
	return s.tooLarge(message, max(len(body), st.long))
}

// cutOff refuses parameters that were cut under an earlier policy: this one lets
// them pass, but they are not whole any more.
func (s *session) cutOff(message wire.Message) bool {
	s.tell(message.Seq+1, wire.Err{Code: mysql.ER_NET_PACKET_TOO_LARGE, SQLState: "08S01",
		Message: "guardrail: max_allowed_packet has changed while this statement's parameters were sent; execute it again"})
	return true
}

// bulkExecute is MariaDB's execution of a statement with many rows of
// parameters, where the client negotiated it.
func (s *session) bulkExecute(message wire.Message, body []byte) (done bool, err error) {
	if s.mariaDBCapabilities&wire.MariaDBBulkOperations == 0 {
		s.refuseCommand(message, "COM_STMT_BULK_EXECUTE on a connection without it")
		return true, nil
	}
	return s.executed(message, body, true)
}

// readAgain reads a prepared text in the session's present mode and reports
// whether it still means the same.
func (s *session) readAgain(st *statement) bool {
	now := s.server.options.Reader.Read(st.text, s.state.mode)
	if !reflect.DeepEqual(now.Statements, st.verdict.statements) {
		return false
	}
	st.mode = s.state.mode
	return true
}

// statement finds the prepared statement that a command's body begins with. The
// command then names it by its id: for the server, the one prepared last may be
// one of the session's own.
func (s *session) statement(message wire.Message, body []byte) *statement {
	if len(body) < 4 {
		return nil
	}
	id := binary.LittleEndian.Uint32(body)
	st := s.prepared.get(id, s.state.mode.Server.Flavour)
	if st != nil && st.id != id {
		binary.LittleEndian.PutUint32(message.Raw[wire.HeaderLen+1:], st.id)
		binary.LittleEndian.PutUint32(body, st.id) // of a message of several packets it is a copy
	}
	return st
}

// fetch forwards a COM_STMT_FETCH, whose statement was judged when it was executed.
func (s *session) fetch(message wire.Message, body []byte) (done bool, err error) {
	s.onStatement(message, body, "mysqld_stmt_fetch", answerRows)
	return true, nil
}

func (s *session) resetStatement(message wire.Message, body []byte) (done bool, err error) {
	if st := s.statement(message, body); st != nil {
		s.forgetLong(st)
	}
	s.onStatement(message, body, "mysqld_stmt_reset", answerSimple)
	return true, nil
}

// onStatement forwards a command on a statement that is known.
func (s *session) onStatement(message wire.Message, body []byte, name string, phase answerPhase) {
	if s.statement(message, body) == nil {
		s.unknownStatement(message, name)
		return
	}
	s.forward(message, phase, 0)
}

// longDataHead is the length of what stands before the data of a
// COM_STMT_SEND_LONG_DATA: the statement's id and the parameter's number.
const longDataHead = 6

// longData forwards a piece of a parameter. The command has no answer, so one
// on a statement that is not known is dropped in silence, as the server does,
// and one beyond the app's limit is: the execution is refused.
func (s *session) longData(message wire.Message, body []byte) (done bool, err error) {
	st := s.statement(message, body)
	if st == nil || len(body) < longDataHead {
		return true, nil
	}
	if s.needsTwin(st) {
		return false, nil
	}
	st.long += len(body) - longDataHead
	st.pieces++
	if limit := s.limits.MaxAllowedPacket; limit > 0 && st.long > limit && s.observed.IsZero() {
		st.cut = true
	}
	if !st.cut {
		s.forward(message, answerDone, 0)
		s.alsoToTwin(st, message)
	}
	return true, nil
}

// unload forgets the long data of a statement that was executed. Where it was
// not, because that was refused, the server must be made to forget it: it would
// be part of the next execution's.
func (s *session) unload(st *statement) {
	refused := st.pieces > 0 && s.inflight.answer.phase == answerDone
	s.forgetLong(st)
	if refused {
		s.ask(&unloading{id: st.id, reply: s.newReply(answerSimple)})
	}
}

func (s *session) forgetLong(st *statement) {
	st.long, st.pieces, st.cut = 0, 0, false
	if st.twin != nil && st.twin.pieces > 0 {
		s.untwin(st)
	}
}

// unloading is a COM_STMT_RESET of the session's own.
type unloading struct {
	id uint32
	reply
}

func (u *unloading) commands() [][]byte {
	command, _ := wire.AppendPacket(nil, 0, binary.LittleEndian.AppendUint32([]byte{mysql.COM_STMT_RESET}, u.id))
	return [][]byte{command}
}

// told has nothing to tell: a server that does not know the statement has no data of it.
func (u *unloading) told(*session) error { return nil }

// closeStatement forgets a statement. The command has no answer.
func (s *session) closeStatement(message wire.Message, body []byte) (done bool, err error) {
	st := s.statement(message, body)
	if st == nil {
		return true, nil
	}
	s.untwin(st)
	delete(s.prepared.byID, st.id)
	if s.prepared.last == st {
		s.prepared.last = nil
	}
	s.forward(message, answerDone, 0)
	return true, nil
}

func (s *session) unknownStatement(message wire.Message, where string) {
	s.tell(message.Seq+1, wire.Err{Code: mysql.ER_UNKNOWN_STMT_HANDLER, SQLState: "HY000",
		Message: "Unknown prepared statement handler given to " + where})
}
