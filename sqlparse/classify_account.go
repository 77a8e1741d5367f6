package sqlparse

import "strings"

// accounts reads statements on accounts, roles and privileges.
func (c *classifier) accounts() bool {
	switch {
	case c.accept("CREATE"):
		c.st.Destructive = c.accept("OR", "REPLACE")
		return c.accountWord("create_user", "create_role")
	case c.accept("ALTER", "USER"):
		return c.alterUser()
	case c.accept("DROP"):
		c.st.Destructive = true
		return c.accountWord("drop_user", "drop_role")
	case c.accept("RENAME", "USER"):
		c.global("CREATE USER")
		return c.kind("rename_user")
	case c.accept("SET", "PASSWORD"):
		c.global("CREATE USER")
		return c.kinds("set_password", "set_option")
	case c.accept("SET", "ROLE"):
		return c.kinds("set_role", "set_option")
	case c.accept("SET", "DEFAULT", "ROLE"):
		c.global("CREATE USER")
		return c.kinds("alter_user_default_role", "set_option")
	case c.accept("GRANT"):
		c.grant("grant", "TO")
		return true
	case c.accept("REVOKE"):
		c.st.Destructive = false
		c.grant("revoke", "FROM")
		return true
	}
	return false
}

// accountWord reads USER or ROLE behind CREATE and DROP.
func (c *classifier) accountWord(user, role Kind) bool {
	switch {
	case c.accept("USER"):
		c.kind(user)
		if i := c.f.find(c.i, "DEFAULT"); i >= 0 && c.f.is(i+1, "ROLE") {
			c.global("ROLE_ADMIN")
		}
	case c.accept("ROLE"):
		c.kind(role)
		if i := c.f.find(c.i, "ADMIN"); i >= 0 && !c.f.isAny(i+1, "CURRENT_USER", "CURRENT_ROLE") {
			c.global("SET_USER_ID")
		}
	default:
		c.st.Destructive = false
		return false
	}
	c.global("CREATE USER")
	return true
}

func (c *classifier) alterUser() bool {
	c.global("CREATE USER")
	if i := c.f.find(c.i, "DEFAULT"); i >= 0 && c.f.is(i+1, "ROLE") && !c.mariaDB() {
		return c.kind("alter_user_default_role")
	}
	return c.kind("alter_user")
}

// grant reads GRANT and REVOKE: of privileges on a level, of roles, of PROXY.
func (c *classifier) grant(k Kind, to string) {
	c.kind(k)
	if k == "revoke" {
		c.ifExists()
	}
	start := c.i
	at, on := c.f.find(start, to), c.f.find(start, "ON")
	switch {
	case at < 0:
		c.refuse("a %s names nobody", strings.ToUpper(string(k)))
	case c.is("PROXY") && on == start+1:
		c.global("GRANT OPTION")
		c.global(AllPrivileges)
	case k == "revoke" && c.allAndOption():
		// REVOKE ALL PRIVILEGES, GRANT OPTION FROM
		c.global("CREATE USER")
		c.kind("revoke_all")
	case on < 0 || on > at:
		c.grantRoles(k)
	default:
		c.i = start
		c.grantOn(k, start, on)
	}
}

// allAndOption reports whether ALL [PRIVILEGES], GRANT OPTION is next.
func (c *classifier) allAndOption() bool {
	return c.f.is(c.i, "ALL") && (c.f.op(c.i+1, ',') || c.f.is(c.i+1, "PRIVILEGES") && c.f.op(c.i+2, ','))
}

// grantRoles reads GRANT and REVOKE of roles.
func (c *classifier) grantRoles(k Kind) {
	c.global("ROLE_ADMIN")
	if k == "grant" {
		c.kinds("grant_roles", "grant_role")
		return
	}
	c.kinds("revoke_roles", "revoke_role")
}

// grantOn reads the privileges from..on and the level behind ON. To give or
// take a privilege asks for it, and for GRANT OPTION, on that level.
func (c *classifier) grantOn(k Kind, from, on int) {
	c.i = on + 1
	routine := c.acceptAny("FUNCTION", "PROCEDURE", "LIBRARY") || c.accept("PACKAGE", "BODY") || c.accept("PACKAGE")
	c.accept("TABLE")
	o := c.level(routine)
	c.need("GRANT OPTION", o)
	if c.f.alters() {
		c.changesAccount(true)
	}
	if k == "revoke" && c.f.is(from, "ALL") && !c.mariaDB() && o.Type == Global {
		c.kind("revoke_all")
	}
	for i := from; i < on; {
		i = c.given(i, on, o)
	}
}

// level reads *.*, db.*, *, db.t or t.
func (c *classifier) level(routine bool) Object {
	switch {
	case c.acceptOp('*'):
		if c.acceptOp('.') {
			c.i++
			return Object{}
		}
		return Object{Type: Schema}
	case c.f.op(c.i+1, '.') && c.f.op(c.i+2, '*'):
		schema := c.word()
		c.i += 2
		return Object{Type: Schema, Schema: schema}
	case routine:
		return c.object(Routine)
	}
	return c.object(Table)
}

// given reads one privilege of a list and returns the place of the next.
func (c *classifier) given(i, end int, o Object) int {
	var words []string
	for ; i < end && !c.f.op(i, ','); i++ {
		if c.f.op(i, '(') {
			i = c.f.afterParentheses(i) - 1
			continue
		}
		words = append(words, strings.ToUpper(string(c.f.text(i))))
	}
	switch name := strings.Join(words, " "); name {
	case "ALL", "ALL PRIVILEGES":
		c.need(AllPrivileges, o)
	case "USAGE", "GRANT OPTION":
	case "DROP":
		c.on(o, DropTable, DropView, Truncate)
		if o.Type != Table {
			c.on(o, DropDatabase)
		}
	default:
		c.need(Privilege(name), o)
	}
	return i + 1
}
