//go:build attacks

package attacks

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// Rows 38 to 42 and 53 to 59: connections, other protocols, who asks, and what for.

func pipelined(x *trial) {
	other := x.tokensOf(x.spa).Access
	about := func(token string) string {
		return getOf("/validate", "Host: x\r\nAuthorization: Bearer "+token+"\r\n")
	}
	batch := about(x.token) + about("x.y.z") + getOf("/validate", "Host: x\r\n") + about(other)
	all := x.rawAll(x.address(), strings.Repeat(batch, 25)+"GET /validate HTTP/1.2\r\nHost: x\r\n\r\n"+about(x.token))
	if len(all) != 101 {
		x.Fatalf("%d answers, want 100 and the refusal", len(all))
	}
	for i, a := range all[:100] {
		x.status(a, []int{200, 401, 401, 200}[i%4])
		if client := a.Header.Get("X-Auth-Client"); client != []string{x.service.ID, "", "", x.spa.ID}[i%4] {
			x.Errorf("answer %d is about %q", i, client)
		}
	}
	x.dropped(all[100])
}

// tokensOf is those of a browser that is new, of the user of all tests.
func (x *trial) tokensOf(app e2e.App) e2e.Tokens {
	x.Helper()
	return e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword).Login(x, x.node, app)
}

func hiddenInBody(x *trial) {
	all := x.rawAll(x.address(), x.tokenRequest(formType, "Content-Length: 1048576\r\n\r\n"+hidden))
	x.alone(all)
	x.oversized(all[0], 413)
	for _, head := range []string{"POST /token", "POST /userinfo", "DELETE /token", "POST /validate", "GET /nothing"} {
		all = x.rawAll(x.address(), head+" HTTP/1.1\r\nHost: x\r\nAuthorization: Basic "+x.canary()+"\r\n"+formType+sized(hidden))
		x.alone(all)
		x.status(all[0], 400, 401, 404, 405)
	}
}

func otherProtocols(x *trial) {
	x.dropped(x.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	for _, protocol := range []string{"h2c", "websocket"} {
		x.good(x.raw(getOf("/livez", "Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "+protocol+"\r\nHTTP2-Settings: AAMAAABk\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")))
	}
}

func wrongPort(x *trial) {
	conn, err := tls.Dial("tcp", x.address(), &tls.Config{InsecureSkipVerify: true})
	if err == nil {
		conn.Close()
		x.Error("a plain port speaks TLS")
	}
	x.dropped(x.raw("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"))

	cert, key := redistest.NewAuthority(x).Issue("tollgate", time.Hour)
	n := e2e.NewDev(x)
	n.Setenv("TOLLGATE_ISSUER="+strings.Replace(n.URL, "http:", "https:", 1), "TOLLGATE_TLS__CERT_FILE="+cert, "TOLLGATE_TLS__KEY_FILE="+key)
	n.Start()
	for end := time.Now().Add(answerTime); n.GetOps("/readyz").Status != 200; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			x.Fatal("a node with TLS does not start: ", n.Logs())
		}
	}
	a := x.rawAll(hostOf(n.URL), getOf("/livez", "Host: x\r\n"))[0]
	if a.Status == 200 || !a.closed {
		x.Errorf("a TLS port speaks plain HTTP: %d", a.Status)
	}
	if log := n.Logs(); strings.Contains(log, "goroutine ") || strings.Contains(log, "/livez") {
		x.Errorf("the log: %s", log)
	}
}

// answersAlike sends header lines to every endpoint, and wants nothing of a word in any answer.
func (x *trial) answersAlike(lines, word string) {
	x.Helper()
	for _, p := range publicPaths {
		a := x.raw(p.method + " " + p.path + " HTTP/1.1\r\n" + lines + formType + "Content-Length: 0\r\n\r\n")
		if mentions(a, word) {
			x.Errorf("%s repeats it: %v %.300s", p.path, a.Header, a.Body)
		}
	}
	asked := x.node.Ask(x.web)
	target := strings.TrimPrefix(asked.URL, x.node.URL)
	for _, more := range []string{"", "&prompt=none"} {
		if a := x.raw(getOf(target+more, lines)); mentions(a, word) {
			x.Errorf("/authorize repeats it: %v", a.Header)
		}
	}
	plain, now := x.node.Get("/.well-known/openid-configuration"), x.raw(getOf("/.well-known/openid-configuration", lines))
	if !bytes.Equal(plain.Body, now.Body) {
		x.Error("the metadata depend on the request")
	}
}

func evilHost(x *trial) { x.answersAlike("Host: evil.example\r\n", "evil.example") }

func evilForwarded(x *trial) {
	x.answersAlike("Host: x\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: evil.example\r\nX-Forwarded-Prefix: /evil.example\r\nX-Forwarded-Port: 1\r\n"+
		"X-Original-Host: evil.example\r\nForwarded: for=203.0.113.9;host=evil.example;proto=https\r\nX-Forwarded-For: 203.0.113.9\r\nX-Real-IP: 203.0.113.9\r\n", "evil.example")
	x.loggedFrom(x.visits[0], "127.0.0.1")
}

// loggedFrom wants the last request that was seen to be logged with this address.
func (x *trial) loggedFrom(v *visited, address string) {
	x.Helper()
	id := x.seen[len(x.seen)-1].Header.Get("X-Request-Id")
	if line := lineWith(x.logOf(v, id), id); !strings.Contains(line, `"ip":"`+address+`"`) {
		x.Errorf("logged: %s, want %s", line, address)
	}
}

func oddForwardedFor(x *trial) {
	there := x.elsewhere("TOLLGATE_TRUSTED_PROXIES=127.0.0.1/32,10.0.0.0/8")
	for value, address := range map[string]string{
		"203.0.113.9":                                          "203.0.113.9",
		"198.51.100.1, 203.0.113.9, 10.0.0.1":                  "203.0.113.9",
		"203.0.113.9, ::ffff:10.0.0.1":                         "203.0.113.9", // mapped, and so a proxy
		"203.0.113.9, 127.0.0.1":                               "203.0.113.9",
		strings.Repeat("198.51.100.1, ", 1000) + "203.0.113.9": "203.0.113.9",
		"garbage":              "127.0.0.1",
		"203.0.113.9, garbage": "127.0.0.1",
		"fe80::1%eth0":         "127.0.0.1",
	} {
		a := there.get("/livez", "X-Forwarded-For", value)
		x.good(a)
		x.loggedFrom(x.visits[len(x.visits)-1], address)
	}
}

func evilOrigins(x *trial) {
	for _, origin := range []string{"https://evil.example", "null", x.node.URL + ".evil.example"} {
		for _, p := range publicPaths {
			for _, method := range []string{p.method, "OPTIONS"} {
				a := x.ask(x.request(method, p.path, "", "Origin", origin, "Access-Control-Request-Method", p.method,
					"Access-Control-Request-Headers", "authorization", "Cookie", "tollgate_session=x", "Authorization", basic(x.web)))
				for name := range a.Header {
					if strings.HasPrefix(name, "Access-Control-Allow") {
						x.Errorf("%s %s from %s: %s: %s", method, p.path, origin, name, a.Header.Get(name))
					}
				}
			}
		}
		r, _ := http.NewRequest("GET", x.node.Ops+"/admin/v1/clients", nil)
		r.Header.Set("Origin", origin)
		if a := x.ask(r); a.Header.Get("Access-Control-Allow-Origin") != "" {
			x.Error("the admin API allows ", origin)
		}
	}
}

func conditions(x *trial) {
	for _, header := range [][2]string{{"Range", "bytes=0-0"}, {"If-None-Match", "*"}, {"If-Modified-Since", "Mon, 23 Nov 2026 12:00:00 GMT"}} {
		x.wholeTokens(header[0], header[1])
	}
}

func compression(x *trial) { x.wholeTokens("Accept-Encoding", "gzip, deflate, br, zstd") }

// wholeTokens wants whole answers of /token and /introspect whatever a header asks for.
func (x *trial) wholeTokens(header, value string) {
	x.Helper()
	token := x.postAs(x.service, "/token", tokenForm, header, value)
	about := x.postAs(x.gateway, "/introspect", "token="+x.token, header, value)
	x.good(token)
	x.good(about)
	if token.Text("access_token") == "" || !about.Active() {
		x.Errorf("%s: %s, %s", header, token.Body, about.Body)
	}
	for _, a := range []answer{token, about} {
		if a.Header.Get("Content-Encoding") != "" || a.Header.Get("Content-Range") != "" {
			x.Errorf("%s: %v", header, a.Header)
		}
	}
	if got := fmt.Sprint(about.JSON()["client_id"]); got != x.service.ID {
		x.Errorf("about %s", got)
	}
}
