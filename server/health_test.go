package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestHealth_LiveIsNotReady(t *testing.T) {
	var ready atomic.Bool
	e := newEdge(t, func(c *Config) {
		c.Ready = func() (bool, map[string]Dependency) {
			return ready.Load(), map[string]Dependency{
				"store": {OK: ready.Load(), Latency: 1500 * time.Microsecond, LastError: "dial tcp 10.0.0.1:6379: refused"},
				"keys":  {OK: true},
			}
		}
	})
	get := func(path string, ops bool) *answer { return e.send(t, call{method: "GET", path: path, ops: ops}) }
	for _, ops := range []bool{false, true} {
		get("/livez", ops).wants(t, 200, "")
		if a := get("/readyz", ops).wants(t, 503, ""); a.body != "not ready\n" {
			t.Errorf("row 381: %q", a.body)
		}
	}
	if a := get("/healthz", true).wants(t, 503, ""); a.body != `{"ready":false,"draining":false,"version":"v-test","dependencies":{"keys":{"ok":true,"latency_us":0,"last_error":""},"store":{"ok":false,"latency_us":1500,"last_error":"dial tcp 10.0.0.1:6379: refused"}}}` {
		t.Errorf("%s", a.body)
	}
	get("/healthz", false).wants(t, 404, "not_found")
	ready.Store(true)
	get("/readyz", false).wants(t, 200, "")
	get("/healthz", true).wants(t, 200, "")
}

func TestProfiles_StandOnTheOpsListener(t *testing.T) {
	e := newEdge(t)
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine?debug=1"} {
		if a := e.do(t, call{method: "GET", path: path, ops: true}).wants(t, 200, ""); !strings.Contains(a.body, "goroutine") {
			t.Errorf("%s: %.100q", path, a.body)
		}
	}
}

func TestDrain_FinishesWhatIsInFlight(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	e := newEdge(t, func(c *Config) { c.DrainDelay = 2 * time.Second })
	e.server.publicHTTP.Handler = e.server.chain(append(publicRoutes(), route{methods: "GET", path: "/slow", name: "livez", handle: func(r *request) error {
		close(entered)
		<-leave
		if err := r.ctx.Err(); err != nil {
			t.Errorf("the drain ended the context of a running flow: %v", err)
		}
		return serveLive(r)
	}}))
	conn, err := net.Dial("tcp", e.public)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-entered
	done := make(chan error, 1)
	go func() { done <- e.server.Shutdown(context.Background()) }()

	for e.send(t, call{method: "GET", path: "/readyz"}).status != 503 { // there is an answer while the listener is open
		time.Sleep(time.Millisecond)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", e.public)
		if err != nil {
			break
		}
		c.Close()
		if time.Now().After(deadline) {
			t.Fatal("the listener is still open long after the drain delay")
		}
	}
	select {
	case <-done:
		t.Fatal("the shutdown did not wait for the request in flight")
	default:
	}
	close(leave)
	a, err := readAnswer(bufio.NewReader(conn), "GET")
	if err != nil || a.status != 200 || !a.closed {
		t.Errorf("in flight: %+v, %v", a, err)
	}
	if err := <-done; err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

func TestServe_EndsWithEitherListener(t *testing.T) {
	for _, which := range []string{"public", "ops"} {
		s, err := New(Config{Issuer: "https://auth.example", Ready: func() (bool, map[string]Dependency) { return true, nil }})
		if err != nil {
			t.Fatal(err)
		}
		listeners := map[string]net.Listener{}
		for _, name := range []string{"public", "ops"} {
			if listeners[name], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
			defer listeners[name].Close()
		}
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(listeners["public"], listeners["ops"]) }()
		listeners[which].Close()
		select {
		case err := <-ended:
			if err == nil {
				t.Errorf("%s: a lost listener is no success", which)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s: half a server goes on", which)
		}
	}
}
