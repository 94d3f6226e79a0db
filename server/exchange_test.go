package server

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
)

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
		if !json.Valid([]byte(line)) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
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

// fastest is the least time that one of three takes: a busy machine holds up one or the other.
func fastest(ask func()) time.Duration {
	least := time.Hour
	for range 3 {
		begun := time.Now()
		ask()
		least = min(least, time.Since(begun))
	}
	return least
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
