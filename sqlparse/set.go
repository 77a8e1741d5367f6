package sqlparse

import "strings"

// set reads SET by its tokens. It leaves SET ROLE, SET DEFAULT ROLE, SET
// PASSWORD, SET TRANSACTION and SET RESOURCE GROUP to others.
func (w *walk) set(f fragment) bool {
	switch {
	case f.isAny(1, "ROLE", "TRANSACTION", "PASSWORD") && !f.op(2, '=') && !f.op(2, OpAssign),
		f.isAny(1, "GLOBAL", "SESSION", "LOCAL") && f.is(2, "TRANSACTION"),
		f.is(1, "PASSWORD"), f.seq(1, "DEFAULT", "ROLE"), f.seq(1, "RESOURCE", "GROUP"):
		return w.setOther(f)
	}
	w.st.Kind = "set_option"
	b := &bones{w: w, f: f, i: 1, end: len(f.tokens)}
	b.settings()
	return true
}

// setOther reads the forms of SET that are statements of their own.
func (w *walk) setOther(f fragment) bool {
	i := 1
	global := f.is(i, "GLOBAL")
	if f.isAny(i, "GLOBAL", "SESSION", "LOCAL") {
		i++
	}
	b := &bones{w: w, f: f, i: i, end: len(f.tokens)}
	switch {
	case f.is(i, "TRANSACTION"):
		w.st.Kind = "set_option"
		if global {
			w.global("SYSTEM_VARIABLES_ADMIN")
		} else {
			w.setsTransaction(f)
		}
	case f.is(1, "ROLE"):
		w.st.Kind = w.either("set_role", "set_option")
	case f.seq(1, "DEFAULT", "ROLE"):
		w.st.Kind = w.either("alter_user_default_role", "set_option")
		w.changesAccount(w.mariaDB() && f.find(2, "FOR") > 0)
	case f.is(1, "PASSWORD"):
		w.st.Kind = w.either("set_password", "set_option")
		w.changesAccount(f.find(2, "FOR") > 0)
		b.expression(b.end)
	default:
		w.st.Kind = "set_resource_group"
		w.global("RESOURCE_GROUP_USER")
	}
	return true
}

// setsTransaction notes the variables that SET TRANSACTION stands for.
func (w *walk) setsTransaction(f fragment) {
	isolation := f.find(1, "ISOLATION") > 0
	access := f.find(1, "ONLY") > 0 || f.find(1, "WRITE") > 0
	if isolation || !access {
		w.sets("transaction_isolation")
	}
	if access || !isolation {
		w.sets("transaction_read_only")
	}
}

// changesAccount asks for what changing an account needs. One may change
// oneself on the server; an application has no business to. For another's sake
// the servers ask for UPDATE on their own tables.
func (w *walk) changesAccount(another bool) {
	w.global("CREATE USER")
	if another {
		w.schema("UPDATE", "mysql")
	}
}

// settings reads a list of assignments. After GLOBAL or PERSIST, both servers
// take the plain names that follow in the same statement as global too.
func (b *bones) settings() {
	global := false
	for b.w.refusal == "" {
		b.setting(&global)
		if !b.takeOp(',') {
			break
		}
	}
	if b.i < b.end {
		b.w.refuse("no reading for this SET")
	}
}

func (b *bones) setting(global *bool) {
	switch {
	case b.is("NAMES"), b.is("CHARSET") && !b.assigns(b.i+1):
		b.i++
		b.charset()
	case b.is("CHARACTER", "CHAR") && b.f.is(b.i+1, "SET"):
		b.i += 2
		b.charset()
	case b.take("PASSWORD"):
		b.w.global("CREATE USER")
		b.value()
	case b.op('@'):
		b.atVariable()
	case b.is("GLOBAL", "PERSIST", "PERSIST_ONLY") && !b.assigns(b.i+1):
		b.persistOnly(b.is("PERSIST_ONLY"))
		b.i++
		*global = true
		b.variable(true)
	case b.is("SESSION", "LOCAL") && !b.assigns(b.i+1):
		b.i++
		*global = false
		b.variable(false)
	default:
		b.variable(*global)
	}
}

// persistOnly asks for what writing a variable for the next start needs.
func (b *bones) persistOnly(only bool) {
	if only {
		b.w.global("PERSIST_RO_VARIABLES_ADMIN")
	}
}

// assigns reports whether = or := stands at i.
func (b *bones) assigns(i int) bool { return b.f.op(i, '=') || b.f.op(i, OpAssign) }

// charset reads the character set of SET NAMES and SET CHARACTER SET.
func (b *bones) charset() {
	b.w.st.Effect |= SetsState
	b.value()
}

// value reads an expression up to the next assignment.
func (b *bones) value() {
	for b.i < b.end && !b.op(',') {
		b.step()
	}
}

// atVariable reads @name = value and @@scope.name = value.
func (b *bones) atVariable() {
	b.i++
	if !b.op('@') { // a user variable
		b.i++
		b.assignment()
		return
	}
	b.i++
	scope := strings.ToLower(b.name())
	if b.op('.') {
		switch scope {
		case "global", "persist", "persist_only":
			b.persistOnly(scope == "persist_only")
			b.i++
			b.variable(true)
			return
		case "session", "local":
			b.i++
			b.variable(false)
			return
		}
	}
	b.i--
	b.variable(false)
}

// variable reads name = value, where name may have a component or a key cache before it.
func (b *bones) variable(global bool) {
	first, name := b.qualified()
	name = strings.ToLower(name)
	value := b.i + 1
	b.assignment()
	if global && runAtStart(name) {
		b.w.startText(b.f.slice(min(value, b.i), b.i))
	}
	if strings.EqualFold(first, "NEW") && !global {
		return // a column of a trigger's row; outside a trigger, the server refuses it
	}
	switch {
	case global:
		b.w.global("SYSTEM_VARIABLES_ADMIN")
	case restrictedVariable(b.w.mode.Server, name):
		b.w.global("SESSION_VARIABLES_ADMIN")
		b.w.sets(name)
	case name == "default_table_encryption" && !b.w.mariaDB():
		b.w.global("SYSTEM_VARIABLES_ADMIN")
		b.w.global("TABLE_ENCRYPTION_ADMIN")
		b.w.sets(name)
	case name == "innodb_tmpdir":
		b.w.global("FILE")
		b.w.sets(name)
	default:
		b.w.sets(name)
	}
	if changesReading(name) {
		b.w.st.Effect |= SetsState
	}
}

// runAtStart reports whether a variable holds a text that the server runs itself:
// when others log in, or when replication starts.
func runAtStart(name string) bool {
	return name == "init_connect" || name == "init_slave" || name == "init_replica"
}

func (b *bones) assignment() {
	if b.i >= b.end || !b.assigns(b.i) {
		b.w.refuse("no reading for this SET")
		return
	}
	b.i++
	b.value()
}

// changesReading reports whether a variable decides how the next text is read,
// or what of that the server reports.
func changesReading(name string) bool {
	switch name {
	case "sql_mode", "collation_connection", "lower_case_table_names", "pseudo_replica_mode", "pseudo_slave_mode":
		return true
	}
	return strings.HasPrefix(name, "character_set_") || strings.HasPrefix(name, "session_track_")
}
