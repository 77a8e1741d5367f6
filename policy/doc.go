// Package policy judges statements by the policy files of a directory.
//
// Files are written in GRANT's words. Default deny: what no grant covers is
// refused. A deny beats every grant, and the order of lines and files never
// matters. Exceptions lift denials until their end. Everything is compiled when
// it is loaded: a Set is immutable, deciding costs the same however many grants
// there are, and allocates nothing when it allows.
//
// The parts, in reading order: file.go (what a policy file holds), grammar.go
// and pattern.go (its rule lines), privilege.go (its verbs), compile.go (files to
// Set), set.go and app.go (what a session uses), judge.go, need.go and where.go
// (how a decision is found), index.go (how rules are found), decision.go (what a
// decision says), live.go (the Set in force).
//
// The package reaches no network and no clock: the moment is part of a Request.
package policy
