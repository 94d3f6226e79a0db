package main

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tollgate/flows"
	"tollgate/flows/keys"
)

// newJSONLog writes one JSON object per line: what serve says to the machines that collect it. Lines
// come from many goroutines at once; w takes each whole.
func newJSONLog(w zapcore.WriteSyncer, level string) *zap.Logger {
	c := zap.NewProductionEncoderConfig()
	c.TimeKey, c.MessageKey, c.StacktraceKey = "time", "msg", "stack"
	c.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	c.EncodeDuration = zapcore.SecondsDurationEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(c), w, levelOf(level)))
}

func levelOf(name string) zapcore.Level {
	level, err := zapcore.ParseLevel(name)
	if err != nil {
		return zapcore.InfoLevel // config has refused every other name
	}
	return level
}

// securityEvents are those an operator wants to be woken for: somebody held what was not theirs.
var securityEvents = map[flows.EventType]bool{
	flows.EventRefreshReused: true,
	flows.EventCodeReplayed:  true,
}

func (n *node) logEvent(e flows.Event) {
	if n.preparing.Load() {
		return
	}
	level := zapcore.InfoLevel
	if securityEvents[e.Type] {
		level = zapcore.WarnLevel
	}
	if entry := n.log.Check(level, "event"); entry != nil {
		entry.Write(zap.Inline((*eventLine)(&e)))
	}
}

// eventLine is what the log says of an event.
type eventLine flows.Event

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (e *eventLine) MarshalLogObject(line zapcore.ObjectEncoder) error {
	line.AddString("event", string(e.Type))
	line.AddString("client", e.ClientID)
	line.AddString("subject", e.Subject)
	line.AddString("grant", string(e.Grant))
	line.AddString("detail", e.Detail)
	for _, optional := range [...]struct{ name, text string }{{"kid", e.Key}, {"by", e.By}, {"request_id", e.RequestID}, {"ip", e.RemoteAddr}} {
		if optional.text != "" {
			line.AddString(optional.name, optional.text)
		}
	}
	if e.Count > 0 {
		line.AddInt64("count", e.Count)
	}
	return nil
}

func (n *node) logKeyEvent(event, kid string) {
	if event == keys.EventReset {
		n.log.Error("the stored data were lost, or became those of an earlier time: every token and login from before is refused, and new signing keys are used")
		return
	}
	n.log.Info("signing key", zap.String("event", event), zap.String("kid", kid))
}

// noteKeys keeps for /healthz why the signing keys are not up to date, nil once they are, and logs
// what is new of it.
func (n *node) noteKeys(err error) {
	text := ""
	if err != nil {
		err = n.explain(err)
		text = err.Error()
	}
	before := n.keyTrouble.Swap(&text)
	switch {
	case before == nil && err == nil, before != nil && *before == text:
	case err != nil && before != nil && *before != "": // an outage of an hour is one line, in whatever words
	case err != nil:
		n.log.Error("signing keys cannot be kept up to date", zap.Error(err))
	default:
		n.log.Info("signing keys are up to date again")
	}
}
