package server

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tollgate/flows"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
	"tollgate/flows/token"
)

const (
	serviceBasic = "Basic ZGVtby1zZXJ2aWNlOmRlbW8tc2VydmljZS1zZWNyZXQ=" // demo-service
	gatewayBasic = "Basic ZGVtby1nYXRld2F5OmRlbW8tZ2F0ZXdheS1zZWNyZXQ=" // demo-gateway
	canary       = "canary-3f9a6c"                                      // never to be seen in a log
	adminToken   = "test-admin-token"
	formHeader   = "Content-Type: application/x-www-form-urlencoded\r\n"
)

// edge is a whole server on two sockets, spoken to in bytes, with its log and metrics in view.
type edge struct {
	t           *testing.T
	server      *Server
	flows       *flows.Flows
	keys        *keys.Manager
	store       *brokenStore
	public, ops string // addresses
	log         *lines
}

// brokenStore lets a test take the store away.
type brokenStore struct {
	store.Store
	down atomic.Bool
}

var errDown = errors.New("store: connection refused")

func (b *brokenStore) CheckRevoked(ctx context.Context, refs []store.TokenRef) []error {
	if !b.down.Load() {
		return b.Store.CheckRevoked(ctx, refs)
	}
	out := make([]error, len(refs))
	for i := range out {
		out[i] = errDown
	}
	return out
}

func (b *brokenStore) GetClient(ctx context.Context, id string) (*oauth.Client, error) {
	if b.down.Load() {
		return nil, errDown
	}
	return b.Store.GetClient(ctx, id)
}

func (b *brokenStore) RevokeToken(ctx context.Context, id oauth.TokenID, until time.Time) error {
	if b.down.Load() {
		return errDown
	}
	return b.Store.RevokeToken(ctx, id, until)
}

// edgeKeys is a key set that tests copy: making an RSA key takes a while.
var edgeKeys = sync.OnceValue(func() *store.KeySet {
	mem := memstore.New(memstore.Options{})
	defer mem.Close()
	if err := newManager(mem).Load(context.Background()); err != nil {
		panic(err)
	}
	set, err := mem.GetKeySet(context.Background())
	if err != nil {
		panic(err)
	}
	return set
})

func newManager(st store.Store) *keys.Manager {
	return keys.NewManager(keys.Config{Store: st, Master: keys.DevMaster(), RotateEvery: 1000 * time.Hour, PublishAhead: time.Hour,
		KeepRetired: time.Hour, Node: "test", Now: time.Now})
}

func newFlows(t *testing.T, st store.Store, manager *keys.Manager) *flows.Flows {
	t.Helper()
	f := flows.New(flows.Config{
		Issuer: testIssuer, Store: st, Keys: manager, Passwords: flows.NewPasswords(2), ReplayWindow: 10 * time.Second,
		Handles: token.NewHandles(keys.DevMaster().Derive("handles")...), SigningAlg: oauth.EdDSA,
	})
	if err := f.SeedDemo(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

// lines collects the log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// take returns what was logged since the last call, one string per line.
func (l *lines) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimSuffix(l.buf.String(), "\n")
	l.buf.Reset()
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func newEdge(t *testing.T, change ...func(*Config)) *edge {
	t.Helper()
	e := &edge{t: t, log: &lines{}}
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(e.log), zap.InfoLevel)
	mem := memstore.New(memstore.Options{})
	t.Cleanup(func() { _ = mem.Close() })
	set := *edgeKeys()
	set.Version = 1
	if err := mem.SaveKeySet(t.Context(), &set); err != nil {
		t.Fatal(err)
	}
	e.store, e.keys = &brokenStore{Store: mem}, newManager(mem)
	if err := e.keys.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.flows = newFlows(t, e.store, e.keys)
	cfg := Config{
		Flows: e.flows, Issuer: testIssuer, Log: zap.New(core), AdminToken: adminToken, Version: "v-test",
		Ready: func() (bool, map[string]Dependency) { return true, nil },
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if e.server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	var listeners [2]net.Listener
	for i := range listeners {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners[i] = ln
	}
	e.public, e.ops = listeners[0].Addr().String(), listeners[1].Addr().String()
	served := make(chan error, 1)
	go func() { served <- e.server.Serve(listeners[0], listeners[1]) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return e
}

// answer is one response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
	closed bool // the server ended the connection after it
}

// exchange sends bytes on a fresh connection and returns the answers, until the server closes or
// n have come.
func exchange(t *testing.T, addr, raw string, n int) []*answer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	go func() { _, _ = io.WriteString(conn, raw) }() // the server may stop reading before the end
	r := bufio.NewReader(conn)
	method, _, _ := strings.Cut(raw, " ")
	var out []*answer
	for len(out) < n {
		a, err := readAnswer(r, method)
		if err != nil {
			break
		}
		if out = append(out, a); a.closed {
			break
		}
	}
	return out
}

func readAnswer(r *bufio.Reader, method string) (*answer, error) {
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	return &answer{resp.StatusCode, resp.Header, string(body), resp.Close}, err
}

// raw sends bytes and returns the one answer, after checking what holds for every request.
func (e *edge) raw(t *testing.T, raw string) *answer {
	t.Helper()
	e.log.take()
	answers := exchange(t, e.public, raw, 1)
	if len(answers) == 0 {
		t.Fatal("no answer")
	}
	e.checkAlways(t, answers[0], e.log.take())
	return answers[0]
}

// checkAlways is what holds for every answer: no fault of ours, a JSON body that says so and is
// not sniffed, one well-formed access line without anything secret, and a server that goes on.
func (e *edge) checkAlways(t *testing.T, a *answer, log []string) {
	t.Helper()
	if a.status >= 500 {
		t.Errorf("status %d: %s", a.status, a.body)
	}
	if strings.HasPrefix(a.body, "{") && a.header.Get("Content-Type") != "application/json" {
		t.Errorf("JSON as %q", a.header.Get("Content-Type"))
	}
	if a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("nosniff is missing")
	}
	if a.header.Get("X-Request-Id") == "" || a.header.Get("Server") != "" {
		t.Errorf("X-Request-Id %q, Server %q", a.header.Get("X-Request-Id"), a.header.Get("Server"))
	}
	if a.status >= 400 {
		checkError(t, a)
	}
	if len(log) != 1 {
		t.Errorf("%d log lines, want one: %q", len(log), log)
	}
	for _, line := range log {
		if !json.Valid([]byte(line)) || strings.ContainsFunc(line, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			t.Errorf("log line is not plain JSON: %q", line)
		}
		if strings.Contains(line, canary) {
			t.Errorf("a secret is in the log: %s", line)
		}
	}
	if ok := exchange(t, e.public, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", 1); len(ok) != 1 || ok[0].status != 200 {
		t.Error("the next request on a fresh connection failed")
	}
	e.log.take()
}

// checkError holds an error answer to RFC 6749 5.2.
func checkError(t *testing.T, a *answer) {
	t.Helper()
	if cc := a.header.Get("Cache-Control"); cc != "no-store" {
		t.Errorf("error with Cache-Control %q", cc)
	}
	if !strings.HasPrefix(a.body, "{") {
		return
	}
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || body.Error == "" {
		t.Errorf("error body %q: %v", a.body, err)
	}
	for _, c := range []byte(body.Description) {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			t.Errorf("error_description holds %q", c)
		}
	}
}

// call is one request, less what every request needs.
type call struct {
	method, path string
	auth         string // Authorization
	form         url.Values
	json         string
	header       map[string]string
	ops          bool
}

// do sends the call as a well-behaved client would, and checks what holds for every request.
func (e *edge) do(t *testing.T, c call) *answer {
	t.Helper()
	a := e.send(t, c)
	e.checkAlways(t, a, e.log.take())
	return a
}

func (e *edge) send(t *testing.T, c call) *answer {
	t.Helper()
	var b strings.Builder
	body := c.json
	if c.form != nil {
		body = c.form.Encode()
	}
	b.WriteString(cmp.Or(c.method, "POST") + " " + c.path + " HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
	if c.auth != "" {
		b.WriteString("Authorization: " + c.auth + "\r\n")
	}
	switch {
	case c.form != nil:
		b.WriteString(formHeader)
	case c.json != "":
		b.WriteString("Content-Type: application/json\r\n")
	}
	for name, value := range c.header {
		b.WriteString(name + ": " + value + "\r\n")
	}
	b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	e.log.take()
	answers := exchange(t, map[bool]string{false: e.public, true: e.ops}[c.ops], b.String(), 1)
	if len(answers) == 0 {
		t.Fatalf("%s %s: no answer", c.method, c.path)
	}
	return answers[0]
}

// outage sends the call while the store is away.
func (e *edge) outage(t *testing.T, c call) *answer {
	t.Helper()
	e.store.down.Store(true)
	defer e.store.down.Store(false)
	a := e.send(t, c)
	if log := e.log.take(); len(log) != 1 || !strings.Contains(log[0], errDown.Error()) {
		t.Errorf("the cause is not in the log: %q", log)
	}
	if strings.Contains(a.body, "refused") || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("answer %q with %v", a.body, a.header)
	}
	if a.status != 503 || a.header.Get("Retry-After") != "1" {
		t.Errorf("status %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	return a
}

// wants checks status and error code; code "" is any body.
func (a *answer) wants(t *testing.T, status int, code string) *answer {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d, want %d: %s", a.status, status, a.body)
	}
	if code != "" && !strings.Contains(a.body, `"error":"`+code+`"`) {
		t.Errorf("body %s, want error %s", a.body, code)
	}
	return a
}

// member returns a string member of a JSON answer.
func (a *answer) member(t *testing.T, name string) string {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%q: %v", a.body, err)
	}
	s, _ := body[name].(string)
	return s
}

// serviceToken gets an access token by client_credentials.
func (e *edge) serviceToken(t *testing.T) string {
	t.Helper()
	a := e.do(t, call{path: "/token", auth: serviceBasic, form: url.Values{"grant_type": {"client_credentials"}}})
	return a.wants(t, 200, "").member(t, "access_token")
}
