package policy

import (
	"sort"
	"strings"

	"guardrail/sqlparse"
)

// level is the narrowest object that a privilege can be granted on, and the
// widest that a pattern covers. A privilege can always be granted on something wider.
type level uint8

const (
	onServer level = iota // *.*
	onSchema              // db.*
	onTable               // db.table or db.routine
)

// class sorts privileges into the groups of the policy language.
type class uint8

const (
	alone    class = iota // in no group: must be written out
	reading               // READ
	writing               // WRITE
	defining              // DDL
	others                // only in ALL: drops, EXECUTE, files
	serving               // ADMIN
)

// verb is what the policy language knows about one privilege.
type verb struct {
	level level
	class class
}

// verbs is the catalogue: every privilege that a policy can name. Names are
// MySQL's (manual, "Privileges Provided by MySQL") and MariaDB's ("GRANT"),
// and the finer splits of package sqlparse. USAGE and PROXY allow no statement
// and are left out.
var verbs = map[sqlparse.Privilege]verb{
	"SELECT":    {onTable, reading},
	"SHOW VIEW": {onTable, reading},

	"INSERT":                  {onTable, writing},
	"UPDATE":                  {onTable, writing},
	"DELETE":                  {onTable, writing},
	"CREATE TEMPORARY TABLES": {onSchema, writing},
	"LOCK TABLES":             {onSchema, writing},

	"ALTER":          {onTable, defining},
	"ALTER ROUTINE":  {onTable, defining},
	"CREATE":         {onTable, defining},
	"CREATE ROUTINE": {onSchema, defining},
	"CREATE VIEW":    {onTable, defining},
	"EVENT":          {onSchema, defining},
	"INDEX":          {onTable, defining},
	"REFERENCES":     {onTable, defining},
	"TRIGGER":        {onTable, defining},

	sqlparse.DropDatabase: {onSchema, others},
	sqlparse.DropTable:    {onTable, others},
	sqlparse.DropView:     {onTable, others},
	sqlparse.Truncate:     {onTable, others},
	"DELETE HISTORY":      {onTable, others},
	"EXECUTE":             {onTable, others},
	"SHOW CREATE ROUTINE": {onTable, others},

	"FILE":                 {onServer, others},
	sqlparse.LoadDataLocal: {onTable, others},

	// What makes other grants, or cannot be judged.
	"GRANT OPTION":    {onTable, alone},
	sqlparse.Unparsed: {onServer, alone},

	"SHOW_ROUTINE": {onServer, serving},

	"BINLOG REPLAY":                   {onServer, serving},
	"CREATE ROLE":                     {onServer, serving},
	"CREATE TABLESPACE":               {onServer, serving},
	"CREATE USER":                     {onServer, serving},
	"DROP ROLE":                       {onServer, serving},
	"FEDERATED ADMIN":                 {onServer, serving},
	"PROCESS":                         {onServer, serving},
	"READ_ONLY ADMIN":                 {onServer, serving},
	"RELOAD":                          {onServer, serving},
	"REPLICATION CLIENT":              {onServer, serving},
	"REPLICATION MASTER ADMIN":        {onServer, serving},
	"REPLICATION SLAVE":               {onServer, serving},
	"SHOW DATABASES":                  {onServer, serving},
	"SHUTDOWN":                        {onServer, serving},
	"SLAVE MONITOR":                   {onServer, serving},
	"SUPER":                           {onServer, serving},
	"ALLOW_NONEXISTENT_DEFINER":       {onServer, serving},
	"APPLICATION_PASSWORD_ADMIN":      {onServer, serving},
	"AUDIT_ABORT_EXEMPT":              {onServer, serving},
	"AUDIT_ADMIN":                     {onServer, serving},
	"AUTHENTICATION_POLICY_ADMIN":     {onServer, serving},
	"BACKUP_ADMIN":                    {onServer, serving},
	"BINLOG_ADMIN":                    {onServer, serving},
	"BINLOG_ENCRYPTION_ADMIN":         {onServer, serving},
	"CLONE_ADMIN":                     {onServer, serving},
	"CONNECTION_ADMIN":                {onServer, serving},
	"CREATE_SPATIAL_REFERENCE_SYSTEM": {onServer, serving},
	"ENCRYPTION_KEY_ADMIN":            {onServer, serving},
	"FIREWALL_ADMIN":                  {onServer, serving},
	"FIREWALL_EXEMPT":                 {onServer, serving},
	"FIREWALL_USER":                   {onServer, serving},
	"FLUSH_OPTIMIZER_COSTS":           {onServer, serving},
	"FLUSH_PRIVILEGES":                {onServer, serving},
	"FLUSH_STATUS":                    {onServer, serving},
	"FLUSH_TABLES":                    {onServer, serving},
	"FLUSH_USER_RESOURCES":            {onServer, serving},
	"GROUP_REPLICATION_ADMIN":         {onServer, serving},
	"GROUP_REPLICATION_STREAM":        {onServer, serving},
	"INNODB_REDO_LOG_ARCHIVE":         {onServer, serving},
	"INNODB_REDO_LOG_ENABLE":          {onServer, serving},
	"MASKING_DICTIONARIES_ADMIN":      {onServer, serving},
	"NDB_STORED_USER":                 {onServer, serving},
	"OPTIMIZE_LOCAL_TABLE":            {onServer, serving},
	"PASSWORDLESS_USER_ADMIN":         {onServer, serving},
	"PERSIST_RO_VARIABLES_ADMIN":      {onServer, serving},
	"REPLICATION_APPLIER":             {onServer, serving},
	"REPLICATION_SLAVE_ADMIN":         {onServer, serving},
	"RESOURCE_GROUP_ADMIN":            {onServer, serving},
	"RESOURCE_GROUP_USER":             {onServer, serving},
	"ROLE_ADMIN":                      {onServer, serving},
	"SENSITIVE_VARIABLES_OBSERVER":    {onServer, serving},
	"SERVICE_CONNECTION_ADMIN":        {onServer, serving},
	"SESSION_VARIABLES_ADMIN":         {onServer, serving},
	"SET_ANY_DEFINER":                 {onServer, serving},
	"SET_USER_ID":                     {onServer, serving},
	"SKIP_QUERY_REWRITE":              {onServer, serving},
	"SYSTEM_USER":                     {onServer, serving},
	"SYSTEM_VARIABLES_ADMIN":          {onServer, serving},
	"TABLE_ENCRYPTION_ADMIN":          {onServer, serving},
	"TELEMETRY_LOG_ADMIN":             {onServer, serving},
	"TP_CONNECTION_ADMIN":             {onServer, serving},
	"TRANSACTION_GTID_TAG":            {onServer, serving},
	"VERSION_TOKEN_ADMIN":             {onServer, serving},
	"XA_RECOVER_ADMIN":                {onServer, serving},
}

// aliases are other spellings of the catalogue's privileges, most of them MariaDB's.
var aliases = map[sqlparse.Privilege]sqlparse.Privilege{
	"BINLOG ADMIN":            "BINLOG_ADMIN",
	"BINLOG MONITOR":          "REPLICATION CLIENT",
	"CONNECTION ADMIN":        "CONNECTION_ADMIN",
	"REPLICA MONITOR":         "SLAVE MONITOR",
	"REPLICATION REPLICA":     "REPLICATION SLAVE",
	"REPLICATION SLAVE ADMIN": "REPLICATION_SLAVE_ADMIN",
	"SET USER":                "SET_USER_ID",
	"DELETE VERSIONING ROWS":  "DELETE HISTORY",
}

// groups names the privileges of a class. ALL is what GRANT ALL gives on the
// same object: on *.* the server's administration too, and never GRANT OPTION.
// UNPARSED must be written out as well.
var groups = map[string][]class{
	"READ":  {reading},
	"WRITE": {writing},
	"DDL":   {defining},
	"ADMIN": {serving},
	"ALL":   {reading, writing, defining, others, serving},
}

// insteadOf answers words that people try as verbs, with what to write.
var insteadOf = map[string]string{
	"DROP":            "write which one: DROP DATABASE, DROP TABLE, DROP VIEW or TRUNCATE",
	"DROP SCHEMA":     "write DROP DATABASE",
	"DROP INDEX":      "write INDEX",
	"DROP TRIGGER":    "write TRIGGER",
	"DROP EVENT":      "write EVENT",
	"DROP PROCEDURE":  "write ALTER ROUTINE",
	"DROP FUNCTION":   "write ALTER ROUTINE",
	"TRUNCATE TABLE":  "write TRUNCATE",
	"CREATE TABLE":    "write CREATE",
	"CREATE DATABASE": "write CREATE ON db.*",
	"CREATE SCHEMA":   "write CREATE ON db.*",
	"CREATE INDEX":    "write INDEX",
	"CREATE TRIGGER":  "write TRIGGER",
	"CREATE EVENT":    "write EVENT",
	"ALTER TABLE":     "write ALTER",
	"ALTER DATABASE":  "write ALTER ON db.*",
	"RENAME TABLE":    "write what it needs: ALTER, DROP TABLE, CREATE and INSERT",
	"REPLACE":         "write what it needs: INSERT and DELETE",
	"CALL":            "write EXECUTE",
	"GRANT":           "write GRANT OPTION",
	"REVOKE":          "write GRANT OPTION",
	"OUTFILE":         "write FILE",
	"INTO OUTFILE":    "write FILE",
	"LOAD DATA":       "write INSERT, and FILE ON *.* or LOAD DATA LOCAL",
	"KILL":            "write CONNECTION_ADMIN or SUPER, as the server asks for",
	"USE":             "leave it out: any grant in a database allows USE",
	"SHOW":            "leave it out: SHOW needs SELECT, SHOW VIEW or nothing",
	"SET":             "leave it out: session variables need nothing, global ones SYSTEM_VARIABLES_ADMIN",
	"USAGE":           "leave it out: an account in accounts may connect",
	"BEGIN":           "leave it out: transactions need nothing",
	"COMMIT":          "leave it out: transactions need nothing",
	"DML":             "write READ, WRITE",
}

// catalogue gives every privilege its bit, in alphabetical order.
var catalogue, bitOf = number(verbs)

func number(verbs map[sqlparse.Privilege]verb) ([]sqlparse.Privilege, map[sqlparse.Privilege]uint) {
	names := make([]sqlparse.Privilege, 0, len(verbs))
	for p := range verbs {
		names = append(names, p)
	}
	sort.Slice(names, func(i, j int) bool { return names[i] < names[j] })
	bits := make(map[sqlparse.Privilege]uint, len(names))
	for i, p := range names {
		bits[p] = uint(i)
	}
	for alias, p := range aliases {
		bits[alias] = bits[p]
	}
	return names, bits
}

// privileges is a set of the catalogue's privileges.
type privileges [2]uint64

func (p *privileges) add(bit uint)     { p[bit/64] |= 1 << (bit % 64) }
func (p privileges) has(bit uint) bool { return p[bit/64]&(1<<(bit%64)) != 0 }
func (p privileges) empty() bool       { return p == privileges{} }

func (p privileges) union(q privileges) privileges {
	return privileges{p[0] | q[0], p[1] | q[1]}
}

func (p privileges) and(q privileges) privileges {
	return privileges{p[0] & q[0], p[1] & q[1]}
}

func (p privileges) without(q privileges) privileges {
	return privileges{p[0] &^ q[0], p[1] &^ q[1]}
}

// those returns the privileges whose verb passes.
func those(pass func(verb) bool) privileges {
	var p privileges
	for name, v := range verbs {
		if pass(v) {
			p.add(bitOf[name])
		}
	}
	return p
}

// only returns the set of one privilege.
func only(name sqlparse.Privilege) privileges {
	var p privileges
	p.add(bitOf[name])
	return p
}

// ofClasses returns the privileges of a group.
func ofClasses(classes []class) privileges {
	return those(func(v verb) bool {
		for _, c := range classes {
			if v.class == c {
				return true
			}
		}
		return false
	})
}

// String lists the privileges in alphabetical order.
func (p privileges) String() string {
	var names []string
	for i, name := range catalogue {
		if p.has(uint(i)) {
			names = append(names, string(name))
		}
	}
	return strings.Join(names, ", ")
}

// Verbs lists every word that can stand before ON, groups first, for completion and hints.
func Verbs() []string {
	out := []string{"ALL", "READ", "WRITE", "DDL", "ADMIN"}
	for _, p := range catalogue {
		out = append(out, string(p))
	}
	return out
}
