//go:build !race

package server

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"strconv"
	"testing"

	"github.com/valyala/fasthttp/fasthttputil"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tollgate/flows"
)

// line is one connection in memory to the real public server, and a client that allocates nothing.
type line struct {
	t    *testing.T
	conn net.Conn
	buf  []byte
}

func newLine(t *testing.T, e *edge) *line {
	t.Helper()
	pipe := fasthttputil.NewPipeConns()
	ended := make(chan error, 1)
	go func() { ended <- e.server.publicHTTP.ServeConn(pipe.Conn2()) }()
	t.Cleanup(func() {
		_ = pipe.Close()
		<-ended
	})
	return &line{t: t, conn: pipe.Conn1(), buf: make([]byte, 64<<10)}
}

// ask sends a request and returns the whole answer, which lives until the next.
func (l *line) ask(request []byte, status int) []byte {
	if _, err := l.conn.Write(request); err != nil {
		l.t.Fatal(err)
	}
	for n := 0; ; {
		more, err := l.conn.Read(l.buf[n:])
		if err != nil {
			l.t.Fatalf("after %q: %v", l.buf[:n], err)
		}
		n += more
		if head := bytes.Index(l.buf[:n], crlf2); head >= 0 && n >= head+len(crlf2)+contentLength(l.buf[:head]) {
			return l.wants(l.buf[:n], status)
		}
	}
}

func (l *line) wants(answer []byte, status int) []byte {
	if got, _ := strconv.Atoi(string(answer[9:12])); got != status {
		l.t.Fatalf("status %d, want %d: %s", got, status, answer)
	}
	return answer
}

var (
	crlf2      = []byte("\r\n\r\n")
	lengthName = []byte("\r\nContent-Length: ")
)

func contentLength(head []byte) (n int) {
	i := bytes.Index(head, lengthName)
	if i < 0 {
		return 0
	}
	for _, c := range head[i+len(lengthName):] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// wire is a request as it goes over the socket.
func wire(method, target, auth string, form url.Values) []byte {
	body := form.Encode()
	head := method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: test\r\nAccept: */*\r\n"
	if auth != "" {
		head += "Authorization: " + auth + "\r\n"
	}
	if method == "POST" {
		head += formHeader + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return []byte(head + "\r\n" + body)
}

// authorizeQuery asks for a code for the demo SPA.
var authorizeQuery = url.Values{"response_type": {"code"}, "client_id": {"demo-spa"}, "redirect_uri": {spaRedirect}, "scope": {"openid offline_access"},
	"state": {"s"}, "code_challenge": {pkceChallenge}, "code_challenge_method": {"S256"}}

// codeRequests are that many requests to /token, each with a code of its own.
func codeRequests(t *testing.T, e *edge, n int) [][]byte {
	t.Helper()
	browser := e.flows.NewBrowser()
	_, session, err := e.flows.Login(t.Context(), &flows.LoginRequest{Browser: browser, Username: flows.DemoUser, Password: flows.DemoPassword})
	if err != nil {
		t.Fatal(err)
	}
	requests := make([][]byte, n)
	for i := range requests {
		step, err := e.flows.Authorize(t.Context(), &flows.AuthorizeRequest{ResponseType: "code", ClientID: "demo-spa", RedirectURI: spaRedirect,
			Scope: "openid offline_access", State: "s", Challenge: pkceChallenge, ChallengeMethod: "S256", Browser: browser, Session: session.Cookie})
		if err == nil && step.Next == flows.NextConsent {
			step, err = e.flows.Consent(t.Context(), &flows.ConsentRequest{Interaction: step.Interaction, Browser: browser, Session: session.Cookie, Allow: true})
		}
		if err != nil || step.Next != flows.NextRedirect {
			t.Fatalf("%+v, %v", step, err)
		}
		u, _ := url.Parse(step.URL)
		requests[i] = wire("POST", "/token", "", url.Values{"grant_type": {"authorization_code"}, "code": {u.Query().Get("code")},
			"redirect_uri": {spaRedirect}, "client_id": {"demo-spa"}, "code_verifier": {pkceVerifier}})
	}
	return requests
}

// rotation writes the refresh token of one answer into the next request: all have one length.
type rotation struct {
	request []byte
	token   []byte // of it
}

func newRotation(t *testing.T, refresh string) *rotation {
	t.Helper()
	r := &rotation{request: wire("POST", "/token", "", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {"demo-spa"}})}
	at := bytes.Index(r.request, []byte(refresh))
	if at < 0 {
		t.Fatalf("%q was encoded", refresh)
	}
	r.token = r.request[at : at+len(refresh)]
	return r
}

func (r *rotation) take(answer []byte) {
	const member = `"refresh_token":"`
	if i := bytes.Index(answer, []byte(member)); i >= 0 {
		copy(r.token, answer[i+len(member):])
	}
}

const budgetRuns = 50

// TestBudget_OfEveryEndpoint is what one request may allocate from socket to socket, on memory and with
// EdDSA keys: what it was when it was last looked at, and a tenth.
func TestBudget_OfEveryEndpoint(t *testing.T) {
	e := newEdge(t)
	access := e.do(t, call{path: "/token", auth: serviceBasic, form: clientCredentials()}).wants(t, 200, "").member(t, "access_token")
	user := e.userTokens(t, "openid profile email offline_access")
	codes := codeRequests(t, e, budgetRuns+1)
	e.server.log, e.server.sample = zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zap.InfoLevel)), 1<<30
	rotating := newRotation(t, user.member(t, "refresh_token"))
	fixed := func(method, target, auth string, form url.Values) func([]byte) []byte {
		request := wire(method, target, auth, form)
		return func([]byte) []byte { return request }
	}
	for _, c := range []struct {
		name   string
		most   float64
		status int
		next   func(last []byte) []byte // the request after that answer
	}{
		{"livez", 0, 200, fixed("GET", "/livez", "", nil)},
		{"readyz", 0, 200, fixed("GET", "/readyz", "", nil)},
		{"metadata", 0, 200, fixed("GET", "/.well-known/openid-configuration", "", nil)},
		{"jwks", 0, 200, fixed("GET", "/.well-known/jwks.json", "", nil)},
		{"validate, no token", 0, 401, fixed("GET", "/validate", "", nil)},
		{"validate, nothing demanded", 0, 200, fixed("GET", "/validate", "Bearer "+access, nil)},
		{"validate, request id", 0, 200, fixed("GET", "/validate", "Bearer "+access+"\r\nX-Request-Id: caller-1", nil)},
		{"validate, demands", 0, 200, fixed("GET", "/validate/orders?scope=orders%3Aread+orders:write&aud="+testIssuer+"/resources", "Bearer "+access, nil)},
		{"introspect", 0, 200, fixed("POST", "/introspect", gatewayBasic, url.Values{"token": {access}})},
		{"userinfo", 1, 200, fixed("GET", "/userinfo", "Bearer "+user.member(t, "access_token"), nil)},
		{"client credentials", 33, 200, fixed("POST", "/token", serviceBasic, url.Values{"grant_type": {"client_credentials"}})},
		{"refresh", 47, 200, func(last []byte) []byte { rotating.take(last); return rotating.request }},
		{"code", 37, 200, func([]byte) []byte { next := codes[0]; codes = codes[1:]; return next }},
		{"revoke", 8, 200, fixed("POST", "/revoke", serviceBasic, url.Values{"token": {access}})},
		{"authorize", 22, 303, fixed("GET", "/authorize?"+authorizeQuery.Encode(), "", nil)},
		{"login page", 127, 200, fixed("GET", "/login", "", nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, last := newLine(t, e), []byte(nil)
			n := testing.AllocsPerRun(budgetRuns, func() { last = l.ask(c.next(last), c.status) })
			if n > c.most {
				t.Errorf("%v allocations, budget %v", n, c.most)
			}
		})
	}
}
