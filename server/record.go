package server

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tollgate/flows/oauth"
	"tollgate/flows/token"
)

// record is what one request leaves behind: it becomes the access line, the slow line and the
// counters. Nothing secret is ever put into it: no query, token, code, secret or password.
type record struct {
	start   time.Duration // by Server.clock
	client  string        // client id as presented
	err     *oauth.Error  // what was answered, nil for success
	refusal oauth.Error   // what err points to where a limit was reached
	limit   string        // the name of the rate limit that was reached; "" where none was
	shed    bool          // there was too much to do
	// inactive: a token was refused in an answer that is none of the errors
	inactive bool
	sample   int // of how many alike this one is logged; 0: of itself

	status int
	took   time.Duration

	idBytes [maxRequestID]byte
	idLen   int
	fields  [1]zap.Field // scratch of the access line
}

// Reset forgets everything.
func (rec *record) Reset() { *rec = record{} }

const maxClientID = 128 // bytes of it that are logged

// setClient notes who says to be calling. It is what was presented, not what was proven: a client
// that cannot get in must be found in the log, too.
func (rec *record) setClient(id string) { rec.client = printable(id[:min(len(id), maxClientID)]) }

// printable escapes what a reader of the log would not see, or what would end the line or move the
// cursor for them: JSON only cares for ASCII, and there are C1 controls, separators and marks.
func printable(s string) string {
	if strings.IndexFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) < 0 {
		return s
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}

// finish closes the record: counters first, then the line.
func (r *request) finish() {
	rec := &r.record
	rec.took = r.s.clock.passed() - rec.start
	rec.status = r.http.Response.StatusCode()
	r.route.meters.count(r.lane, rec.status, rec.took)
	if rec.limit != "" {
		r.s.metrics.limited[rec.limit].Inc()
	}
	r.s.access(r)
}

// access writes the access line: at warn where it was slow, at error where the fault is ours. It
// decides before anything is made for it.
func (s *Server) access(r *request) {
	level, message := zapcore.InfoLevel, "request"
	switch {
	case r.record.status == 500:
		level = zapcore.ErrorLevel
	case s.slow > 0 && r.record.took >= s.slow:
		level, message = zapcore.WarnLevel, "slow request"
	case s.sample > 1 && !s.always(r):
		if rand.IntN(s.sample) != 0 {
			return
		}
		r.record.sample = s.sample
	}
	if line := s.log.Check(level, message); line != nil {
		r.record.fields[0] = zap.Inline(r)
		line.Write(r.record.fields[:]...)
	}
}

// always reports whether a request gets a line whatever the sample. An outage, and limits, are told of by
// the first of each second: a disk that fills up would be the next.
func (s *Server) always(r *request) bool {
	switch {
	case r.routine():
		return s.firsts.take(r.record.start) || r.record.limit != "" && s.limits.take(r.record.start)
	case r.record.err != nil && r.record.err.Code == oauth.CodeTemporarilyUnavailable:
		return s.outages.take(r.record.start)
	}
	return true
}

const (
	outageLines = 100 // a second
	limitLines  = 10  // a second
)

// firsts picks the first few of each second: enough for who looks on, and never a flood.
type firsts struct {
	most   int64
	second atomic.Int64
	taken  atomic.Int64
}

func (f *firsts) take(now time.Duration) bool {
	if f.most == 0 {
		return false
	}
	if second := int64(now / time.Second); f.second.Load() < second {
		f.second.Store(second)
		f.taken.Store(0)
	}
	return f.taken.Load() < f.most && f.taken.Add(1) <= f.most
}

// routine reports whether the metrics say as much about the answer as a line would: what gateways
// ask all the time and was answered as usual, and what was turned away before anybody looked at it.
// Which of them become a line is left to chance, so that nobody can hide between two.
func (r *request) routine() bool {
	rec := &r.record
	if rec.limit != "" || rec.shed {
		return true
	}
	if !r.route.sampled || rec.inactive {
		return false
	}
	return rec.err == nil || rec.err.Code == oauth.CodeUnauthenticated || errors.Is(rec.err, token.ErrExpired)
}

// MarshalLogObject adds the fields of the access line. The encoder copies what it is given, so
// bytes out of the request are safe here, and nothing is allocated.
func (r *request) MarshalLogObject(line zapcore.ObjectEncoder) error {
	rec := &r.record
	r.buf = r.addr().AppendTo(r.buf[:0])
	line.AddByteString("request_id", r.id())
	line.AddByteString("ip", r.buf)
	line.AddByteString("method", methodOf(r))
	line.AddString("route", r.route.name)
	line.AddInt("status", rec.status)
	line.AddInt("bytes", len(r.http.Response.Body()))
	line.AddDuration("took", rec.took)
	if rec.sample > 0 {
		line.AddInt("sample", rec.sample)
	}
	if rec.client != "" {
		line.AddString("client", rec.client)
	}
	if rec.inactive {
		line.AddBool("inactive", true)
	}
	if rec.err != nil {
		line.AddString("error", string(rec.err.Code))
		if rec.limit != "" {
			line.AddString("limit", rec.limit)
		}
		if reason := r.reason(); reason != "" {
			line.AddString("reason", reason)
		}
		if cause := causeOf(rec.err); cause != "" {
			line.AddString("cause", cause)
		}
	}
	return nil
}

const maxLogged = 512 // bytes of anything that a stranger or an error can make long

// methodOf is the method, cut: it may be as long as the header block.
func methodOf(r *request) []byte {
	m := r.http.Method()
	return m[:min(len(m), 16)]
}

// reason is what the caller was told beside the code, where that says more than the code does. Administrators
// are told of the names they sent, and what strangers send there is not for the log.
func (r *request) reason() string {
	if e := r.record.err; e.Status() == http.StatusBadRequest && !strings.HasPrefix(r.route.path, adminPrefix) {
		return e.Description
	}
	return ""
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
