package sqlparse

import (
	"slices"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// routineObject names a stored routine. Those of the servers' own schemas are
// covered by no wildcard: some of them run what text they are given.
func routineObject(schema, name string) Object {
	o := Object{Type: Routine, Schema: schema, Name: name}
	o.Named = runsText(o) || schema == "" && loadable(name) || strings.EqualFold(schema, "sys") || strings.EqualFold(schema, "mysql")
	return o
}

// loadable reports whether a bare name may be a function that is loaded into
// the server and reaches beyond its schema, so that no wildcard covers it:
// those of the servers' own plug-ins and components, and those that run shell commands.
func loadable(name string) bool {
	name = strings.ToLower(name)
	for _, prefix := range []string{"asynchronous_connection_failover_", "audit_log_", "group_replication_", "keyring_", "mysql_firewall_",
		"set_firewall_", "read_firewall_", "service_get_", "service_release_", "version_tokens_", "masking_dictionary_", "gen_blocklist",
		"gen_dictionary", "telemetry_", "mle_", "sys_exec", "sys_eval", "sys_set", "sys_get", "http_", "lib_mysqludf_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "flush_rewrite_rules" || name == "load_rewrite_rules"
}

// runsText reports whether a routine of the sys schema runs the text it is
// given. A bare name may stand for it in a session whose schema is sys.
func runsText(o Object) bool {
	if o.Schema != "" && !strings.EqualFold(o.Schema, "sys") {
		return false
	}
	return strings.EqualFold(o.Name, "execute_prepared_stmt")
}

// calls asks for EXECUTE on the routine that a name of one to three parts calls.
// The grants of MariaDB's packages are on the whole package: it is the second
// of three parts, and may be the first of two, in the session's own schema.
func (w *walk) calls(parts ...string) (o Object) {
	switch len(parts) {
	case 1:
		o = routineObject("", parts[0])
	case 2:
		o = routineObject(parts[0], parts[1])
		if w.mariaDB() && (w.mode.SQLMode.has(Oracle) || w.mode.Server.Version >= 110300) {
			w.need("EXECUTE", routineObject("", parts[0]))
		}
	case 3:
		o = routineObject(parts[0], parts[1])
	default:
		w.refuse("no reading for a routine's name of this form")
		return Object{}
	}
	w.need("EXECUTE", o)
	return o
}

// prepare reads PREPARE name FROM text: the text in it, or Unknown where it is
// in a variable or an expression.
func (w *walk) prepare(f fragment) {
	w.st.Kind = "prepare_sql"
	if !f.isName(1) || !f.is(2, "FROM") {
		w.refuse("no reading for this PREPARE")
		return
	}
	w.innerLiteral(f.slice(3, len(f.tokens)))
}

// executeImmediate reads MariaDB's EXECUTE IMMEDIATE text [USING ...], which
// runs the text at once.
func (w *walk) executeImmediate(f fragment) {
	w.st.Kind = "execute_immediate"
	end := len(f.tokens)
	if at := f.find(2, "USING"); at > 0 {
		b := &bones{w: w, f: f, i: at + 1, end: end}
		b.expression(end)
		end = at
	}
	w.innerLiteral(f.slice(2, end))
}

// innerLiteral reads the text that a literal alone makes.
func (w *walk) innerLiteral(f fragment) {
	w.literal = true
	if len(f.tokens) != 1 || f.tokens[0].Type != TokenString {
		w.refuse("the text to run is not in the statement")
		return
	}
	value := f.lexed.stringValue(f.tokens[0])
	if hasHigh(value) && w.mode.Charset != CharsetUTF8 {
		w.refuse("the text inside is converted between character sets")
		return
	}
	w.inner(string(value))
}

// startText reads the value of a variable whose text runs in other sessions, and
// changes nothing of this one's state. What names no schema means a table of
// theirs there, which is not known.
func (w *walk) startText(f fragment) {
	if len(f.tokens) == 1 && f.is(0, "DEFAULT") {
		return
	}
	if len(f.tokens) == 1 && f.tokens[0].Type == TokenString && len(f.lexed.stringValue(f.tokens[0])) == 0 {
		return
	}
	before, effect := len(w.st.Needs), w.st.Effect
	w.innerLiteral(f)
	w.st.Effect = effect
	for _, n := range w.st.Needs[before:] {
		if n.Object.Type != Global && n.Object.Schema == "" {
			w.global(Unparsed)
			return
		}
	}
}

// runText reads the literal that a routine of sys is given to run: in that
// schema, and in the mode in which the routine was made.
func (w *walk) runText(args []ast.ExprNode) {
	text, ok := "", false
	if len(args) == 1 {
		text, ok = literalText(args[0])
	}
	if ok {
		before := len(w.st.Needs)
		w.inner(text)
		inside := Statement{Needs: w.st.Needs[before:], Inner: w.st.Inner}
		inside.moveTo("sys")
		w.needed = nil
	}
	if !ok || w.modeBound {
		w.global(Unparsed)
	}
}

// literalText returns the value of a string literal.
func literalText(e ast.ExprNode) (string, bool) {
	if _, marker := e.(ast.ParamMarkerExpr); marker {
		return "", false
	}
	v, ok := e.(ast.ValueExpr)
	if !ok {
		return "", false
	}
	s, ok := v.GetValue().(string)
	return s, ok
}

// inner reads a text inside the statement and takes over its needs. The
// reading hangs on the text, so it must not be kept by shape.
func (w *walk) inner(text string) {
	w.literal = true
	if w.depth >= maxInner {
		w.deny("a text inside a text inside a text")
		return
	}
	reading, modeFree := w.reader.readText([]byte(text), w.mode, w.depth+1)
	w.modeBound = w.modeBound || !modeFree
	if reason, unknown := reading.Unknown(); unknown {
		w.deny("the text inside: " + reason)
		return
	}
	for _, st := range reading.Statements {
		if slices.ContainsFunc(st.Inner, func(s Statement) bool { return s.ByName() }) { // by itself the server refuses it
			w.deny("the text inside prepares or executes by name")
			return
		}
		w.adopt(st)
	}
}

// adopt takes over what a statement inside this one needs and does.
func (w *walk) adopt(st Statement) {
	for _, n := range st.Needs {
		w.need(n.Privilege, n.Object)
	}
	w.st.Destructive = w.st.Destructive || st.Destructive
	w.st.Effect |= st.Effect
	w.st.Inner = append(w.st.Inner, st)
}
