// Package proxy stands between MySQL clients and one server. It reads every
// command, asks the policy, and forwards or refuses it.
//
// The way of a connection, and the file that tells each part:
//
//	server.go         accepts a client, gives it a goroutine for its login, stops all at the end
//	login.go          greets, reads who the client is, asks the policy, dials, tells the client OK
//	backend.go        the connection to the server up to its login
//	authenticate.go   relays the authentication plug-ins' messages between the two
//	learn.go          asks the server for the session's state before the first command
//
// The way of a statement, from there on:
//
//	drive_*.go        read bytes from either side and feed the session: an epoll loop for
//	                  plain connections, goroutines where a leg has TLS
//	session.go        cuts a command off the client's bytes, one in flight at a time; walks over
//	                  the server's answer and passes it on; says when it is complete
//	command.go        one switch on the command byte; what it does not name is refused
//	prepared.go       prepared statements, judged when they are prepared and when they are executed
//	judge.go          text to reading to decision
//	record.go         counts and records the decision, before anything is forwarded or answered
//	answer.go         where the server stands in its answer
//	state.go          what decides how the next text is read: sql_mode, character set, schema;
//	                  followed by session tracking, asked for again when it may have changed unseen
//
// A session does no I/O of its own. It is a state machine between two byte
// streams, so that the way of a statement is one story whatever carries the
// bytes, and every cut of them can be tried without a socket.
package proxy
