package server

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"tollgate/cache"
	"tollgate/flows"
)

// of returns the events of a type so far.
func (h *house) of(t flows.EventType) (found []flows.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e.Type == t {
			found = append(found, e)
		}
	}
	return found
}

func TestEvents_ALockOutIsOneHoweverOftenItIsTried(t *testing.T) {
	h := newHouse(t, testIssuer, func(c *Config) {
		c.Login = cache.Rate{PerSecond: 5.0 / 60, Burst: 3} // full again after 36 s
	})
	b := h.browser()
	try := func(username string, times int) {
		t.Helper()
		form := b.get("/login").form("username", username, "password", "guess")
		for range times {
			if p := b.post("/login", form); p.status != 401 && p.status != 429 {
				t.Fatalf("got %d", p.status)
			}
		}
	}
	try("alice", 3)
	if n := len(h.of(flows.EventLoginLocked)); n != 0 {
		t.Fatalf("%d lock-outs while attempts are let in", n)
	}
	try("alice", 5)
	locked := h.of(flows.EventLoginLocked)
	if len(locked) != 1 || locked[0].Subject != "alice" || locked[0].RequestID == "" {
		t.Fatalf("%+v", locked)
	}
	h.pass(13 * time.Second) // one attempt is let in, and then no more
	try("alice", 5)
	if n := len(h.of(flows.EventLoginLocked)); n != 1 {
		t.Errorf("%d lock-outs of one series of attempts", n)
	}
	try("nobody-of-ours", 5)
	if locked = h.of(flows.EventLoginLocked); len(locked) != 2 || locked[1].Subject != "" {
		t.Errorf("what a stranger typed is in %+v", locked)
	}
	h.pass(time.Minute)
	try("alice", 5)
	if n := len(h.of(flows.EventLoginLocked)); n != 3 {
		t.Errorf("%d lock-outs, want one more a minute later", n)
	}
	for i := range 40 { // more than one address may try, each name once
		try(fmt.Sprintf("invented-%d", i), 1)
	}
	if locked = h.of(flows.EventLoginLocked); len(locked) != 4 || locked[3].Subject != "" {
		t.Errorf("an address that goes through names makes %d lock-outs", len(locked)-3)
	}
}

// Every route through which something can happen names the request in what happens.
func TestEvents_NameTheRequestAndTheAddressBehindProxies(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	header := map[string]string{"X-Request-Id": "request-1", "X-Forwarded-For": "203.0.113.9"}
	tok := e.do(t, call{path: "/token", auth: serviceBasic, form: clientCredentials(), header: header}).wants(t, 200, "").member(t, "access_token")
	form := url.Values{"token": {tok}}
	for _, path := range []string{"/introspect", "/revoke"} {
		e.do(t, call{path: path, auth: "Basic ZGVtby1zZXJ2aWNlOndyb25n", form: form, header: header}).wants(t, 401, "")
	}
	e.do(t, call{path: "/revoke", auth: serviceBasic, form: form, header: header}).wants(t, 200, "")
	for want, times := range map[flows.EventType]int{flows.EventTokenIssued: 1, flows.EventClientRefused: 2, flows.EventTokenRevoked: 1} {
		n := 0
		for _, x := range e.seen() {
			if x.Type == want {
				n++
			}
		}
		if n != times {
			t.Errorf("%s happened %d times, want %d", want, n, times)
		}
	}
	for _, x := range e.seen() {
		if x.Type != flows.EventClientChanged && x.Type != flows.EventUserChanged && (x.RequestID != "request-1" || x.RemoteAddr != "203.0.113.9") {
			t.Errorf("%+v", x)
		}
	}
}

func TestEvents_ANameThatIsTooLongIsAFailedLoginToo(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	if p := b.post("/login", b.get("/login").form("username", strings.Repeat("a", 2*maxUsername), "password", "guess")); p.status != 401 {
		t.Fatalf("got %d", p.status)
	}
	if failed := h.of(flows.EventLoginFailed); len(failed) != 1 || failed[0].Subject != "" || failed[0].Detail != "unknown user" || failed[0].RequestID == "" {
		t.Errorf("%+v", failed)
	}
}
