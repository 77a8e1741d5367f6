// Package proxy stands between MySQL clients and one server. It reads every
// command, asks the policy, and forwards or refuses it.
//
// The way of a connection, and the file that tells each part:
//
//	server.go         accepts a client, gives it a goroutine for its login, stops all at the end
//	clientaddr.go     where a client comes from: its address, or a trusted balancer's word for it
//	login.go          a login's steps in their order
//	login_greet.go    greets, and reads who the client is, after TLS where it asks for that
//	admit.go          asks the policy about account, network and schema
//	account.go        refuses a login by a name that the server knows as another
//	backend.go        the connection to the server up to its login
//	spare.go          the connection that is kept ready for the next login
//	login_backend.go  answers the backend's greeting in the client's name
//	authenticate.go   relays the authentication plug-ins' messages between the two
//	compress.go       either connection compressed, where its two ends agreed on it
//	identity*.go      asks which server this is and which environment its data is tagged with;
//	                  refuses the login unless that is the proxy's
//	selfsaid.go       what a client says of itself, for the record
//	declare.go        what a client says of its own environment, which can only restrict
//	learn.go          asks the server for the session's state before the first command
//	setting.go        what the policy makes of a session: variables, read-only transactions
//	traffic.go        counts what the apps send, by account and shape
//	limits.go         what the policy bounds: connections, statements a second, bytes
//	login_tell.go     tells the client OK, or of the error that it may know
//
// The way of a statement, from there on:
//
//	loops.go          the event loops that all sessions of a process share
//	drive_loop_linux.go    one of them: epoll and what waits for it
//	drive_polled_linux.go  a session with a loop: reads from either side, feeds the session
//	drive_leg_linux.go     one of its two connections, plain or with TLS
//	drive_blocking.go      goroutines instead, where a leg is compressed
//	session.go        cuts a command off the client's bytes, one in flight at a time
//	command.go        one line for each command byte; what has none is refused
//	standsfor.go      commands that are judged as the statement they stand for
//	threads.go        KILL, by the server's ids and by those that clients were greeted with
//	prepared.go       prepared statements, judged when they are prepared and when they are executed
//	named.go          the same for PREPARE and EXECUTE in SQL, which naming.go finds
//	changeuser.go     COM_CHANGE_USER: another account, with its own policy from then on
//	infile.go         the file of a LOAD DATA LOCAL, which is no command whatever it looks like
//	toolong.go        messages that are longer than the server takes
//	judge.go          text to reading to decision
//	longtext.go, aside.go  long texts, which are read beside the loop
//	cache.go, shapes.go  what was decided about shapes of statements, for those that come again
//	record.go         counts and records the decision, before anything is forwarded or answered;
//	                  waits for the record without holding up the loop
//	annotate.go       adds app, environment and event to a text, where that is asked for
//	walk.go           walks over the server's answer and passes it on; says when it is complete
//	answer.go         where the server stands in its answer
//	state.go          what decides how the next text is read: sql_mode, character set, schema;
//	                  followed by session tracking, asked for again when it may have changed unseen
//	question.go       what the session itself asks the server while the client's command waits
//	statequestion.go  of these, the one for the state
//	expect.go         what the server must report of a statement that sets state, to be believed
//	inform.go         what a decision must be told before it stands: it is made again with the answers
//	estimate.go       how many rows a text would touch: EXPLAIN on the session's own connection
//	estimate_prepared.go  the same for prepared statements, with their parameters
//	keys.go           a table's keys, read through the control account and kept for a short while
//
// # What an estimate leaves behind
//
// The client does not see the EXPLAIN that is asked before its statement, and
// what the server keeps is as without it: the transaction, LAST_INSERT_ID(),
// FOUND_ROWS(), prepared statements, and ROW_COUNT() and warnings of the
// statement itself. These cannot be kept:
//
//   - Where the statement is refused, SHOW WARNINGS shows EXPLAIN's note in the
//     place of older warnings, and ROW_COUNT() is -1, as after any error. With
//     autocommit off a transaction has begun.
//   - SET TRANSACTION without SESSION, right before such a statement outside a
//     transaction, holds for the EXPLAIN, and not for the statement.
//   - What a WHERE does on the way is done twice: @v := @v + 1 on MariaDB,
//     LAST_INSERT_ID(n), SLEEP(), a stored function. ROW_COUNT() inside the
//     statement is -1.
//   - The server's own counters, its slow log and performance_schema tell of both.
//     max_prepared_stmt_count counts a second statement for each that was asked about.
//
// An estimate is no promise. It is asked of the server's statistics, and of a
// moment before the statement runs.
//
// # Drivers
//
// A session does no I/O of its own. It is a state machine between two byte
// streams, so that the way of a statement is one story whatever carries the
// bytes, and every cut of them can be tried without a socket.
package proxy
