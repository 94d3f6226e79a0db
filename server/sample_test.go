package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tollgate/flows"
	"tollgate/flows/oauth"
	"tollgate/flows/token"
)

func TestSample_IsOfWhatIsUsual(t *testing.T) {
	gateway, other := &route{sampled: true}, &route{}
	expired := &oauth.Error{Code: oauth.CodeInvalidToken, Cause: fmt.Errorf("check: %w", token.ErrExpired)}
	for _, story := range []struct {
		name  string
		route *route
		left  record
		want  bool
	}{
		{"a good token", gateway, record{}, true},
		{"no token", gateway, record{err: errNoCredentials}, true},
		{"an expired token", gateway, record{err: expired}, true},
		{"a revoked token", gateway, record{err: oauth.InvalidToken()}, false},
		{"a forged token", gateway, record{err: &oauth.Error{Code: oauth.CodeInvalidToken, Cause: token.ErrInvalid}}, false},
		{"a scope too few", gateway, record{err: oauth.InsufficientScope("x")}, false},
		{"nobody knows", gateway, record{err: oauth.Unavailable(errDown)}, false},
		{"a wrong secret", gateway, record{err: oauth.InvalidClient()}, false},
		{"a limit", other, record{err: oauth.TooManyRequests(nil, 1), limit: flows.LimitPerIP}, true},
		{"too much to do", other, record{err: errShed, shed: true}, true},
		{"a token issued", other, record{}, false},
		{"an expired token elsewhere", other, record{err: expired}, false},
	} {
		if got := (&request{route: story.route, record: story.left}).routine(); got != story.want {
			t.Errorf("%s: %t, want %t", story.name, got, story.want)
		}
	}
}

func TestSample_IsOfProbesOnBothListeners(t *testing.T) {
	for listener, routes := range map[string][]route{"public": publicRoutes(), "ops": opsRoutes()} {
		for _, row := range routes {
			if probe := row.name == "livez" || row.name == "readyz"; probe && !row.sampled {
				t.Errorf("each GET %s of the %s listener is a line of log", row.path, listener)
			}
		}
	}
}

func TestSample_FirstOfEachSecondAreLogged(t *testing.T) {
	f := firsts{most: 3}
	now := 100 * time.Second
	for _, want := range []bool{true, true, true, false, false} {
		if got := f.take(now); got != want {
			t.Errorf("%t, want %t", got, want)
		}
		now += 100 * time.Millisecond
	}
	if !f.take(now + time.Second) {
		t.Error("none in the next second")
	}
	if (&firsts{}).take(now) {
		t.Error("one where none is wanted")
	}
	e := newEdge(t, func(c *Config) { c.LogSample, c.LogFirst = 1<<30, 3 })
	tok, lines := e.serviceToken(t), 0
	for range 50 {
		e.send(t, call{method: "GET", path: "/validate", auth: "Bearer " + tok}).wants(t, 200, "")
		lines += len(e.log.take()) // send forgets those of before
	}
	if lines < 2 || lines > 40 { // three for each second that this took, less the probe behind getting the token
		t.Errorf("%d lines", lines)
	}
}

func TestSample_OutagesDoNotFillTheDisk(t *testing.T) {
	s, err := New(Config{Issuer: testIssuer, LogSample: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	r := &request{s: s, route: &route{sampled: true}, record: record{err: oauth.Unavailable(errDown)}}
	lines := 0
	for range 10 * outageLines {
		if s.always(r) {
			lines++
		}
	}
	if lines != outageLines {
		t.Errorf("%d lines in a second", lines)
	}
	if r.record.err = oauth.InvalidClient(); !s.always(r) {
		t.Error("a refusal has no line")
	}
}

// What is turned away is told of so that it is found, and does not fill the disk either.
func TestSample_ALimitIsToldOfAtOnce(t *testing.T) {
	s, err := New(Config{Issuer: testIssuer, LogSample: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	r := &request{s: s, route: &route{}, record: record{err: oauth.TooManyRequests(nil, 1), limit: flows.LimitLogin}}
	lines := 0
	for range 10 * limitLines {
		if s.always(r) {
			lines++
		}
	}
	if lines != limitLines {
		t.Errorf("%d lines in a second, want %d", lines, limitLines)
	}
}

func TestSample_RefusalsAreAllLogged(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.LogSample = 10 })
	tok := e.serviceToken(t)
	lines, bad := 0, 0
	for range 300 {
		e.send(t, call{method: "GET", path: "/validate", auth: "Bearer " + tok}).wants(t, 200, "")
		for _, line := range e.log.take() {
			if lines++; !strings.Contains(line, `"sample":10`) {
				t.Errorf("does not say what it stands for: %s", line)
			}
		}
		e.send(t, call{method: "GET", path: "/validate", auth: "Bearer x" + tok}).wants(t, 401, "")
		bad += len(e.log.take())
	}
	if lines < 1 || lines > 150 { // 30 on average; either has odds of less than 10^-13
		t.Errorf("%d of 300 good answers are logged, want about one in 10", lines)
	}
	if bad != 300 {
		t.Errorf("%d of 300 refusals are logged", bad)
	}
	if n := e.server.metrics.routes["validate"].outcome(outcomeOK); n != 300 {
		t.Errorf("%d of 300 good answers are counted", n)
	}
}
