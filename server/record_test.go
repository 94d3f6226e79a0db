package server

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"tollgate/flows/oauth"
)

func TestRecord_SaysWhatHappenedAndNothingSecret(t *testing.T) {
	e := newEdge(t)
	e.send(t, call{path: "/token", auth: basic("demo-service:" + canary), form: clientCredentials("scope", canary), header: map[string]string{
		"X-Request-Id": "caller-1.a_b", "User-Agent": canary, "Referer": "https://x/?" + canary, "Cookie": "s=" + canary, "X-Forwarded-For": "9.9.9.9"}})
	log := e.log.take()
	if len(log) != 1 || strings.Contains(log[0], canary) {
		t.Fatalf("%q", log)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(log[0]), &line); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"level": "info", "request_id": "caller-1.a_b", "ip": "127.0.0.1", "method": "POST", "route": "token", "status": 401.0,
		"client": "demo-service", "error": "invalid_client"} {
		if line[name] != want {
			t.Errorf("%s = %v, want %v", name, line[name], want)
		}
	}
	if line["bytes"].(float64) == 0 || line["took"] == nil {
		t.Errorf("line %s", log[0])
	}
}

// Who registered another redirect URI than the application sends looks here for which application. What
// names no client may be a secret that was put into the wrong place.
func TestRecord_NamesTheClientOfAWrongRedirectURI(t *testing.T) {
	e := newEdge(t)
	for id, want := range map[string]bool{"demo-web": true, canary: false} {
		e.send(t, call{method: "GET", path: "/authorize?response_type=code&client_id=" + id + "&redirect_uri=https%3A%2F%2Fother.example%2Fcb"}).wants(t, 400, "")
		log := e.log.take()
		if len(log) != 1 || strings.Contains(log[0], `"client":"`+id+`"`) != want || strings.Contains(log[0], canary) || strings.Contains(log[0], "other.example") {
			t.Errorf("%q", log)
		}
	}
}

// Whoever runs a client that is refused is helped by who runs the server, and that needs the reason.
func TestRecord_SaysWhyARequestWasRefused(t *testing.T) {
	e := newEdge(t)
	web := "/authorize?response_type=code&client_id=demo-web&redirect_uri=" + url.QueryEscape(webCallback)
	for name, c := range map[string]struct {
		call
		want string
	}{
		"answered":                {call{path: "/token", auth: serviceBasic, form: url.Values{"grant_type": {"refresh_token"}}}, `"error":"unauthorized_client","reason":"the client is not registered for this grant"}`},
		"sent back to the client": {call{method: "GET", path: web}, `"status":303,.*"client":"demo-web","error":"invalid_request","reason":"code_challenge is required"}`},
		"says no more":            {call{path: "/token", auth: basic("demo-service:wrong"), form: clientCredentials()}, `"error":"invalid_client"}`},
		"of an administrator":     {call{path: "/admin/v1/clients", auth: adminBearer, json: `{"` + canary + `":1}`, ops: true}, `"error":"invalid_request"}`},
	} {
		t.Run(name, func(t *testing.T) {
			e.log.take()
			e.send(t, c.call)
			log := e.log.take()
			if len(log) != 1 || !regexp.MustCompile(c.want).MatchString(log[0]) || strings.Contains(log[0], canary) {
				t.Errorf("%q", log)
			}
		})
	}
}

func TestRecord_EscapesWhatStrangersSend(t *testing.T) {
	e := newEdge(t)
	for _, id := range []string{"a\x1b[31mb", "x\",\"status\":200,\"y\":\"", "\r\nlevel=error", strings.Repeat("long", 1000), "é\u202e",
		"c1\u009b31m", "line\u2028separator", "zero\u200bwidth", "bom\ufeff", "tag\U000e0041", "a" + strings.Repeat("ü", 100)} {
		t.Run("row 51: client_id", func(t *testing.T) { // checkAlways holds the line to JSON that prints
			e.do(t, call{path: "/token", auth: basic(url.QueryEscape(id) + ":x"), form: clientCredentials()}).wants(t, 401, "invalid_client")
			e.do(t, call{path: "/token", form: clientCredentials("client_id", id)})
		})
	}
	for _, id := range []string{"a b", "a\tb", `"`, "<script>", strings.Repeat("x", 65), "ümlaut", "a;b", ""} {
		t.Run("row 51: X-Request-Id", func(t *testing.T) {
			a := e.do(t, call{method: "GET", path: "/livez", header: map[string]string{"X-Request-Id": id}})
			if got := a.header.Get("X-Request-Id"); !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(got) {
				t.Errorf("%q was taken over as %q", id, got)
			}
		})
	}
	t.Run("row 51: method", func(t *testing.T) {
		e.raw(t, strings.Repeat("M", 4<<10)+" /x HTTP/1.1\r\nHost: x\r\n\r\n").wants(t, 404, "not_found")
	})
}

func TestRecord_NoSecretIsEverLogged(t *testing.T) {
	e := newEdge(t)
	e.log.take()
	for name, raw := range map[string]string{
		"request line":         "GET /token?x=" + canary + " HTTP/1.9\r\nHost: x\r\n\r\n",
		"malformed first line": canary + "\r\n\r\n",
		"malformed header":     "GET / HTTP/1.1\r\nHost: x\r\nAuthorization " + canary + "\r\n\r\n",
		"control in a header":  "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \x01" + canary + "\r\n\r\n",
		"name of a header":     "GET / HTTP/1.1\r\nHost: x\r\n" + canary + "\x00: x\r\n\r\n",
		"path":                 "GET /" + canary + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"fragment":             "GET /x#" + canary + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"body of a wrong type": tokenRequest("Content-Type: text/"+canary+"\r\n", ""),
		"Host":                 "GET / HTTP/1.1\r\nHost: " + canary + "@x\r\n\r\n",
		"transfer coding":      "POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + canary + "\r\n\r\n",
		"length":               "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: " + canary + "\r\n\r\n",
	} {
		t.Run("row 391: "+name, func(t *testing.T) {
			if a := e.raw(t, raw); strings.Contains(a.body, canary) {
				t.Errorf("the answer echoes: %s", a.body)
			}
		})
	}
	for name, c := range map[string]call{
		"code":          {path: "/token", auth: serviceBasic, form: url.Values{"grant_type": {"authorization_code"}, "code": {canary}, "code_verifier": {canary}}},
		"refresh token": {path: "/token", auth: serviceBasic, form: url.Values{"grant_type": {"refresh_token"}, "refresh_token": {canary}}},
		"token":         {path: "/introspect", auth: gatewayBasic, form: url.Values{"token": {canary}}},
		"revoked token": {path: "/revoke", auth: gatewayBasic, form: url.Values{"token": {canary}}},
		"batch":         {path: "/introspect/batch", auth: gatewayBasic, json: batchOf(canary)},
		"broken JSON":   {path: "/introspect/batch", auth: gatewayBasic, json: `{"tokens":["` + canary},
		"admin token":   {method: "GET", path: "/admin/v1/clients", auth: "Bearer " + canary, ops: true},
		"password":      {path: "/admin/v1/users", auth: adminBearer, json: `{"username":"x` + canary + `!","password":"` + canary + `"}`, ops: true},
	} {
		t.Run("row 391: "+name, func(t *testing.T) { e.do(t, c) })
	}
}

func TestRecord_SlowRequestsStandOut(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.SlowRequest = time.Nanosecond })
	e.send(t, call{method: "GET", path: "/livez"})
	if log := e.log.take(); len(log) != 1 || !strings.Contains(log[0], `"level":"warn"`) || !strings.Contains(log[0], `"msg":"slow request"`) {
		t.Errorf("%q", log)
	}
}

func TestPanic_EndsOneRequestOnly(t *testing.T) {
	e := newEdge(t)
	boom := route{methods: "GET", path: "/boom", name: "livez", handle: func(*request) error { panic("boom " + canary) }, fail: func(*request, *oauth.Error) { panic("again") }}
	e.server.publicHTTP.Handler = e.server.chain([]route{boom, {methods: "GET", path: "/livez", name: "livez", handle: serveLive},
		{methods: "GET", path: "/refused", name: "livez", handle: func(*request) error { return errNotFound }, fail: boom.fail}})
	for _, path := range []string{"/boom", "/refused"} {
		a := e.send(t, call{method: "GET", path: path}).wants(t, 500, "server_error")
		if strings.Contains(a.body, "boom") || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s %v", path, a.body, a.header)
		}
		log := e.log.take()
		if len(log) != 2 || !strings.Contains(log[0], `"stack":"`) || !strings.Contains(log[1], `"status":500`) {
			t.Errorf("%s: %q", path, log)
		}
		e.send(t, call{method: "GET", path: "/livez"}).wants(t, 200, "")
		e.log.take()
	}
	if n := e.server.metrics.panics.Get(); n != 2 {
		t.Errorf("%d panics counted", n)
	}
}

// series lists the names of all series of our own.
func series(t *testing.T, e *edge) []string {
	t.Helper()
	a := e.do(t, call{method: "GET", path: "/metrics", ops: true}).wants(t, 200, "")
	if got := a.header.Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	var names []string
	for line := range strings.Lines(a.body) {
		if strings.HasPrefix(line, "tollgate_") {
			names = append(names, line[:strings.LastIndexByte(line, ' ')])
		}
	}
	return names
}

func TestMetrics_SeriesDoNotDependOnWhatIsSent(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.Metrics = metrics.NewSet() })
	before := series(t, e)
	if len(before) < 100 || len(before) > 2000 {
		t.Errorf("row 378: %d series", len(before))
	}
	for _, path := range []string{"/a", "/b?c", "/token", "/validate/x/y", "/validate", "/authorize", "/login", "/userinfo", "/introspect", "/.well-known/jwks.json"} {
		for _, method := range []string{"GET", "POST", "BREW", "x"} {
			e.do(t, call{method: method, path: path, auth: "Bearer " + method, header: map[string]string{"User-Agent": path}})
		}
	}
	e.serviceToken(t)
	e.do(t, call{path: "/token", auth: serviceBasic, form: url.Values{"grant_type": {"unheard-of"}}})
	after := series(t, e)
	if strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Errorf("row 378: %d series became %d", len(before), len(after))
	}
	all := e.do(t, call{method: "GET", path: "/metrics", ops: true}).body
	for _, want := range []string{`tollgate_tokens_issued_total{grant="client_credentials"} 1`, `tollgate_http_requests_total{route="token",outcome="ok"} 1`,
		`tollgate_http_request_duration_seconds_bucket{route="token",le="0.0001"}`, "# TYPE tollgate_http_requests_total counter",
		`tollgate_validations_total{outcome="invalid_token"}`, "go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(all, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	for _, secret := range []string{"demo-service", "alice", "unheard-of", "BREW"} {
		if strings.Contains(all, secret) {
			t.Errorf("row 379: /metrics tells of %s", secret)
		}
	}
}
