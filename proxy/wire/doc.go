// Package wire reads and writes MySQL's client/server protocol: packets, the
// messages of the connection phase, and the few answers that a proxy must
// understand. It owns no connection and starts no goroutine: it is fed bytes
// and gives back bytes.
//
// Source of the formats: MySQL Internals, "Client/Server Protocol", and, where
// the text is silent, what MySQL 9.7 and MariaDB 10.11 were seen to send.
//
// Names are the manual's. Every decoder checks lengths first and returns
// ErrMalformed, wrapped with the message's name, for anything else than a
// whole well-formed message.
package wire
