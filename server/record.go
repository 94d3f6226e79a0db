package server

import (
	"errors"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tollgate/flows/oauth"
)

// record is what one request leaves behind: it becomes the access line, the slow line and the
// counters. Nothing secret is ever put into it: no query, token, code, secret or password.
type record struct {
	start   time.Time
	client  string       // client id as presented
	err     *oauth.Error // what was answered, nil for success
	limited bool         // a rate limit was reached

	idBytes [maxRequestID]byte
	idLen   int
	fields  [12]zap.Field // scratch of the access line
}

// Reset forgets everything.
func (rec *record) Reset() { *rec = record{} }

// id is the request id.
func (rec *record) id() []byte { return rec.idBytes[:rec.idLen] }

const maxClientID = 128 // bytes of it that are logged

// setClient notes who says to be calling. It is what was presented, not what was proven: a client
// that cannot get in must be found in the log, too.
func (rec *record) setClient(id string) { rec.client = id[:min(len(id), maxClientID)] }

// finish closes the record: counters first, then the lines.
func (r *request) finish() {
	took := r.s.now().Sub(r.record.start)
	status := r.http.Response.StatusCode()
	r.s.metrics.count(r.route.name, status, took)
	if r.record.limited {
		r.s.metrics.limited.Inc()
	}
	r.s.access(r, status, took)
}

// access writes the access line: at warn where it was slow, at error where the fault is ours.
func (s *Server) access(r *request, status int, took time.Duration) {
	level, message := zapcore.InfoLevel, "request"
	switch {
	case status == 500:
		level = zapcore.ErrorLevel
	case s.slow > 0 && took >= s.slow:
		level, message = zapcore.WarnLevel, "slow request"
	}
	line := s.log.Check(level, message)
	if line == nil {
		return
	}
	rec := &r.record
	f := append(rec.fields[:0],
		zap.ByteString("request_id", rec.id()),
		zap.Stringer("ip", r.addr),
		zap.ByteString("method", methodOf(r)),
		zap.String("route", r.route.name),
		zap.Int("status", status),
		zap.Int("bytes", len(r.http.Response.Body())),
		zap.Duration("took", took))
	if rec.client != "" {
		f = append(f, zap.String("client", rec.client))
	}
	if rec.err != nil {
		f = append(f, zap.String("error", string(rec.err.Code)))
		if cause := causeOf(rec.err); cause != "" {
			f = append(f, zap.String("cause", cause))
		}
	}
	line.Write(f...)
}

const maxLogged = 512 // bytes of anything that a stranger or an error can make long

// methodOf is the method, cut: it may be as long as the header block.
func methodOf(r *request) []byte {
	m := r.http.Method()
	return m[:min(len(m), 16)]
}

// causeOf is the private reason of an outage or a fault. A refusal's reason is the caller's own
// doing and not worth a line.
func causeOf(e *oauth.Error) string {
	cause := errors.Unwrap(e)
	if cause == nil || e.Status() < 500 {
		return ""
	}
	text := cause.Error()
	return text[:min(len(text), maxLogged)]
}
