package proxy

import (
	"errors"
	"fmt"

	"github.com/go-mysql-org/go-mysql/mysql"
	"go.uber.org/zap"

	"guardrail/proxy/wire"
)

// admitted tells the client OK, in the form it negotiated.
func (l *login) admitted(s *session, final []byte) error {
	ok, err := wire.DecodeOK(final, s.serverCapabilities)
	if err != nil {
		return err
	}
	return l.write(ok.Append(nil, s.clientCapabilities))
}

// tell sends the client the error that it may know of.
func (l *login) tell(err error) {
	var fromServer serverError
	var refused refusal
	var answer wire.Err
	switch {
	case errors.As(err, &fromServer):
		answer = fromServer.Err
	case errors.As(err, &refused):
		answer = refused.Err
	case l.response.User == "" && errors.Is(err, wire.ErrMalformed):
		answer = wire.Err{Code: mysql.ER_HANDSHAKE_ERROR, SQLState: "08S01", Message: "Bad handshake"}
	case l.response.User == "" && l.seq > 1:
		return // no client that we know: a port scan, a broken TLS handshake
	default:
		// Not 2003, the client library's own number for this: MariaDB's takes an
		// error of that range for a malformed packet.
		answer = wire.Err{Code: mysql.ER_CONNECT_TO_FOREIGN_DATA_SOURCE, SQLState: "08S01", Message: "Guardrail cannot connect this client to backend '" + l.server.options.Backend.Name + "': ask the operators of the proxy, its log says why"}
	}
	if l.seq == 0 {
		answer.SQLState = "" // errors in the place of a greeting carry none
	}
	if err := l.write(answer.Append(nil)); err != nil {
		l.server.options.Log.Debug("the client left before it could be told of its failed login", zap.Error(err))
	}
}

// refusal is an error that the client is told in these words; cause stays in the log.
type refusal struct {
	wire.Err
	cause error
}

func (r refusal) Error() string { return fmt.Sprintf("refused: error %d: %s", r.Code, r.Message) }

func (r refusal) Unwrap() error { return r.cause }

func refuseLogin(code uint16, state, message string) error {
	return refusal{Err: wire.Err{Code: code, SQLState: state, Message: message}}
}
