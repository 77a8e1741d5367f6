package audit

import (
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Log is a Recorder that writes one JSON line for an event, at level Info.
type Log struct{ core zapcore.Core }

// NewLog returns a Recorder that writes to the core of log.
func NewLog(log *zap.Logger) Log { return Log{log.Core()} }

// Record writes the event and returns the error of the sink, which an ordinary
// log call would swallow.
func (l Log) Record(e Event) error {
	entry := zapcore.Entry{Level: zapcore.InfoLevel, Time: e.Time, Message: "decision"}
	err := l.core.Write(entry, []zapcore.Field{
		zap.String("event_id", e.ID),
		zap.String("decision", string(e.Decision)),
		zap.String("environment", e.Environment),
		zap.String("backend", e.Backend),
		zap.String("app", e.App),
		zap.String("account", e.Account),
		zap.String("client", e.Client),
		zap.String("schema", e.Schema),
		zap.String("kind", e.Kind),
		zap.String("need", e.Need),
		zap.String("statement", e.Statement),
		zap.String("cause", e.Cause),
		zap.String("rule", e.Rule),
		zap.String("rule_file", e.RuleFile),
		zap.Int("rule_line", e.RuleLine),
		zap.String("reason", e.Reason),
		zap.Uint16("error_code", e.Code),
		zap.String("policy_hash", e.PolicyHash),
	})
	if err != nil {
		return fmt.Errorf("record event %s: %w", e.ID, err)
	}
	return nil
}
