// Package policy judges statements by the policy files of a directory.
//
// Files are written in GRANT's words. Default deny: what no grant covers is
// refused. A deny beats every grant, and the order of lines and files never
// matters. Exceptions lift denials until their end. Everything is compiled when
// it is loaded: a Set is immutable, deciding costs the same however many grants
// there are, and allocates nothing when it allows.
//
// The parts, in reading order: file.go, account.go, lines.go and tests.go (what
// a policy file holds), grammar.go, require.go, pattern.go, window_read.go,
// limits.go and variable.go (how its lines read), privilege.go (its verbs),
// together.go, warn.go and warn_dead.go (what is wrong or odd across files), compile.go and
// order.go (files to Set), set.go, login.go and app.go (what a session uses),
// judge.go, need.go, demand.go, demand_key.go and window.go (how a decision is found),
// moments.go (when it changes), question.go (what it must be told), index.go,
// search.go and rules.go (how rules are found), decision.go, refuse.go and
// message.go (what a decision says), explain.go (what it rests on), suggest.go,
// suggest_lines.go and unused.go (what would be enough), live.go (the Set in force).
//
// The package reaches no network and no clock: the moment is part of a Request.
// What needs either comes out as data, and whoever relays does the rest:
//
// # Login
//
// Set.Login names the App. Count its connections, in this process, and where
// Limits.MaxUserConnections are open already, answer App.Beyond(ByConnections).
// After the server has let the account in, and again after
// COM_RESET_CONNECTION and COM_CHANGE_USER, send App.SessionStatement before
// anything else; if the server refuses it, refuse the login. Where App.ReadOnly,
// send SET SESSION TRANSACTION READ ONLY as well.
//
// # Statements
//
// A text longer than Limits.MaxAllowedPacket gets App.Beyond(ByPacket), before
// it is read; so does a COM_STMT_EXECUTE, and the sum of COM_STMT_SEND_LONG_DATA.
// Where MaxQueriesPerSecond statements of the app have begun in this second, the
// answer is App.Beyond(ByRate). These three hang on more than the shape of a
// text. Then App.Decide. Its decision may be kept by (App, schema, lower case,
// mode, shape) until App.HoldsUntil, unless it has Questions.
//
// # Questions
//
// A Decision with Questions was made without what only the server or the execution
// of a prepared statement can tell. Keep, by shape, that there are questions; answer them for each text that is
// run, put the answers into Request.Answers, and Decide again: that decision is
// the one to carry out, and is kept for nobody else.
//
//   - AskRows: send EXPLAIN FORMAT=TRADITIONAL and the text on the session's own
//     connection (both servers take the word; MySQL 9's default format is another
//     one). The answer is the product of the column rows over the lines with the
//     first line's id; where a line's rows is NULL because nothing can match
//     ("Impossible WHERE"), it is 0; where it is NULL because its table is
//     <subqueryN>, it is the product over the lines with that id; any other NULL is
//     no answer. Where the text ends in a LIMIT that
//     sqlparse.RowLimit can read, the answer is the smaller of both: MariaDB, and
//     MySQL where there is a WHERE, estimate without regard to it. Where the server answers with an error,
//     leave the question unanswered. EXPLAIN takes no locks and changes nothing,
//     but runs stored functions in the WHERE: they are granted by then.
//   - AskRows of a prepared statement: at COM_STMT_PREPARE the parameters are not
//     known and nothing is changed yet, so forward it when all that speaks
//     against it are questions. Prepare EXPLAIN and the same text too, and at each
//     COM_STMT_EXECUTE execute that first, with the same parameters; both servers
//     allow it.
//   - AskKeys: the columns of Table's PRIMARY KEY and of its UNIQUE keys whose
//     columns are all NOT NULL and whole (no prefix, no expression), as
//     information_schema.statistics has them for the control account. An answer
//     may be kept for a short while by (schema, table); DDL that passes the proxy
//     ends that. Without a control account, or for a table it may not see, leave
//     the question unanswered. Numbers have NumberColumns, dates and times
//     ExactColumns; a type that is not known is that of texts.
//   - AskLimit: at COM_STMT_EXECUTE, the number that is bound to the parameter in
//     the statement's LIMIT; for AskRows it counts like a number in the text. Leave
//     the question unanswered where it is no plain number.
//   - AskValues: what sqlparse.Reader.Pins says of the text, where each parameter
//     makes of its columns no more than what is bound to it. Leave out columns whose
//     parameters are not known.
//
// A question without an answer refuses. In observe mode Action allows all the
// same; answer the questions nevertheless, for the record to be true.
package policy
