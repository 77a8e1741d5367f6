package sqlparse

import (
	"slices"
	"strings"
)

// Kind names a statement as the server's performance_schema does
// (EVENT_NAME without "statement/sql/"): "select", "drop_table", "insert_select".
// The zero value is Unknown, which only the privilege UNPARSED allows.
type Kind string

// Unknown is the kind of a text that could not be read with certainty.
const Unknown Kind = ""

// Where says what the WHERE clause of an UPDATE or DELETE restricts.
type Where uint8

// The zero value promises nothing, so a rule that requires a WHERE refuses it.
const (
	WhereNone     Where = iota // no WHERE clause
	WhereConstant              // a WHERE that is true (or could be true) for every row, whatever the row holds
	WhereColumn                // a WHERE that compares a column with something
)

// String returns the word that "guardrail read" prints: none, constant or column.
func (w Where) String() string {
	switch w {
	case WhereColumn:
		return "column"
	case WhereConstant:
		return "constant"
	}
	return "none"
}

// Privilege is a verb of the policy language: a MySQL privilege name in upper
// case, or one that Guardrail splits finer than GRANT does.
type Privilege string

// Privileges that are not MySQL's own words, or that the code must name.
const (
	AnyPrivilege  Privilege = "ANY"      // any privilege on the object or inside it is enough, as for USE and SHOW CREATE TABLE
	Unparsed      Privilege = "UNPARSED" // what a statement of kind Unknown needs
	DropDatabase  Privilege = "DROP DATABASE"
	DropTable     Privilege = "DROP TABLE"
	DropView      Privilege = "DROP VIEW"
	Truncate      Privilege = "TRUNCATE"
	LoadDataLocal Privilege = "LOAD DATA LOCAL"
	AllPrivileges Privilege = "ALL" // every privilege there is on the object, as for GRANT ALL
)

// AnyVariable is the variable that Statement.Sets has where a name cannot be told.
const AnyVariable = "*"

// ObjectType tells what an Object names.
type ObjectType uint8

// The zero value is the widest object, so that an object left unfilled asks for the most.
const (
	Global  ObjectType = iota // *.*
	Schema                    // a database: Schema set, Name empty
	Table                     // a table or view
	Routine                   // a stored procedure, function or package
)

// Object is what a privilege is needed on. An empty Schema on a Schema, Table
// or Routine stands for the session's default schema. Names are unquoted, in
// UTF-8, in the letter case of the text.
type Object struct {
	Type   ObjectType
	Schema string
	Name   string
	// Named is set where only a grant that spells out schema and name covers
	// the object, never one with a wildcard: routines that run whatever text
	// they are given, as sys.execute_prepared_stmt does.
	Named bool
}

// String returns the object as GRANT writes it: *.*, db.*, db.t, or t where
// the schema is the session's own.
func (o Object) String() string {
	var b strings.Builder
	switch {
	case o.Type == Global:
		return "*.*"
	case o.Type == Schema && o.Schema == "":
		return "*"
	case o.Type == Schema:
		return o.Schema + ".*"
	case o.Schema != "":
		b.WriteString(o.Schema)
		b.WriteByte('.')
	}
	b.WriteString(o.Name)
	return b.String()
}

// Need is one privilege that the server would ask for, and on what.
type Need struct {
	Privilege Privilege
	Object    Object
}

// Effect says what a statement may do to the session state that decides how
// the next text is read.
type Effect uint8

const (
	// SetsState marks a statement that may change sql_mode, the client
	// character set or the list of tracked variables: SET, SET NAMES, EXECUTE.
	// The server's session tracking must report it, or the state is read again.
	SetsState Effect = 1 << iota
	// MayHideState marks a statement after which the state must be read again
	// whatever the server reports: CALL, and whatever runs a text we have not seen.
	MayHideState
	// SetsSchema marks USE and its kin.
	SetsSchema
)

// Statement is one statement as the server will read it.
type Statement struct {
	Kind  Kind
	Needs []Need
	Where Where
	Limit Limit
	// Pinned are the columns that the WHERE of an UPDATE or DELETE of one table
	// holds to given values, in lower case and sorted: where they hold a unique
	// key, the statement changes no more rows than it names.
	Pinned []string
	// PinsOpen is set where some of these values may be dates, or are parameters.
	// Where a key is not one of texts, it is held all the same by values that are
	// not open; of what sort values are exactly, [Reader.Pins] says.
	PinsOpen bool
	// Sets are the session variables that the statement sets, in lower case: by
	// SET, by MariaDB's SET STATEMENT and by optimizer hints. AnyVariable stands
	// for one whose name cannot be told.
	Sets []string
	// Destructive statements take away data or structure that cannot be had
	// back by running another statement: DROP, TRUNCATE, DELETE, REPLACE and their
	// kin. One that overwrites values, as UPDATE and MODIFY do, is none.
	Destructive bool
	// Explain is set for EXPLAIN and DESCRIBE of a statement that is only
	// planned; EXPLAIN ANALYZE that executes has it unset.
	Explain bool
	Effect  Effect
	// Inner holds the statements read out of the texts and bodies inside this
	// one: PREPARE FROM 'text', EXECUTE IMMEDIATE 'text', BEGIN NOT ATOMIC, the
	// bodies of routines, triggers and events. Their needs are among Needs
	// already; a rule about a kind of statement (a WHERE, a row limit) holds for
	// each of them too.
	Inner []Statement
	// Reason says in words why Kind is Unknown.
	Reason string
}

// Unseen reports whether nobody has read part of what the statement does: it is
// Unknown, or it runs a text that is not in it. What that destroys is not known.
func (st *Statement) Unseen() bool {
	return st.Kind == Unknown || slices.ContainsFunc(st.Needs, func(n Need) bool { return n.Privilege == Unparsed })
}

// ByName reports whether the statement, or one inside it, prepares, executes or
// gives up another one by its name.
func (st *Statement) ByName() bool {
	switch st.Kind {
	case "prepare_sql", "execute_sql", "dealloc_sql":
		return true
	}
	for i := range st.Inner {
		if st.Inner[i].ByName() {
			return true
		}
	}
	return false
}

// Reading is what a whole text means to the server.
type Reading struct {
	Statements []Statement
	// LiteralDependent is set when any of it hangs on a literal's value, so
	// that the reading must not be kept by shape.
	LiteralDependent bool
}

// Unknown reports whether any statement of the text is Unknown, and why.
func (r Reading) Unknown() (reason string, unknown bool) {
	for _, s := range r.Statements {
		if s.Kind == Unknown {
			return s.Reason, true
		}
	}
	return "", false
}
