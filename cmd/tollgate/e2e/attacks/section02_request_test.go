//go:build attacks

package attacks

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// Rows 87 to 117: what a client hears of, and what people see.

func emptyState(x *trial) {
	a, _ := x.authorize(x.web, "prompt", "none")
	if !strings.Contains(a.Header.Get("Location"), "state=") {
		x.Error("a state does not come back")
	}
	a = x.get(strings.TrimPrefix(x.node.Ask(x.web, "prompt", "none", "state", "").URL, x.node.URL))
	if there := x.redirected(a, x.web.RedirectURI, "", "login_required"); there.Has("state") {
		x.Errorf("an empty state comes back: %v", there)
	}
}

func unknownParameter(x *trial) {
	a, _ := x.authorize(x.web, "surprise", "1", "extra[]", "2")
	x.asksToLogin(a)
}

func responseTypes(x *trial) {
	x.sentBack(x.web, "invalid_request", "response_type", "-")
	for _, kind := range []string{"token", "code token", "id_token", "none", "CODE"} {
		x.sentBack(x.web, "unsupported_response_type", "response_type", kind)
	}
}

func responseModes(x *trial) {
	for _, mode := range []string{"fragment", "form_post", "query.jwt", "x"} {
		x.sentBack(x.web, "invalid_request", "response_mode", mode)
	}
	a, _ := x.authorize(x.web, "response_mode", "query")
	x.asksToLogin(a)
}

func noChallenge(x *trial) {
	for _, app := range []e2e.App{x.web, x.spa} {
		x.sentBack(app, "invalid_request", "code_challenge", "-", "code_challenge_method", "-")
		x.sentBack(app, "invalid_request", "code_challenge", "", "code_challenge_method", "S256")
		x.sentBack(app, "invalid_request", "code_challenge", "short")
	}
}

func plainChallenge(x *trial) {
	for _, method := range []string{"plain", "s256", "S512", "none"} {
		x.sentBack(x.spa, "invalid_request", "code_challenge_method", method)
	}
}

func challengeAlone(x *trial) {
	x.sentBack(x.spa, "invalid_request", "code_challenge_method", "-")
	x.sentBack(x.spa, "invalid_request", "code_challenge_method", "")
}

func methodAlone(x *trial) { x.sentBack(x.spa, "invalid_request", "code_challenge", "-") }

func oddScopes(x *trial) {
	for _, scope := range []string{"openid root", "orders:write", `"openid"`, `op\enid`, "openid\u00a0profile", strings.Repeat("scope ", 2000), "openid;profile", "OPENID"} {
		x.sentBack(x.web, "invalid_scope", "scope", scope)
	}
}

func offlineWithoutRefresh(x *trial) {
	app := x.redirecting(false, appCallback)
	app.Scope = "openid offline_access"
	tokens := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword).Login(x, x.node, app)
	x.good(x.saw(tokens.Answer))
	if tokens.Refresh != "" {
		x.Error("a client that may not refresh has a refresh token")
	}
}

func promptNone(x *trial) {
	x.sentBack(x.web, "login_required", "prompt", "none")
	x.sentBack(x.web, "invalid_request", "prompt", "none login")
	cookie := x.session(e2e.DemoUser, e2e.DemoPassword)
	app := x.redirecting(false, appCallback)
	x.sentBack(app, "consent_required", "prompt", "none", "Cookie", cookie)
	x.sentBack(app, "login_required", "prompt", "none", "max_age", "0", "Cookie", cookie)
}

func oddMaxAge(x *trial) {
	for _, age := range []string{"-1", "abc", "1e9", "1.5", " 1", "99999999999999999999"} {
		x.sentBack(x.web, "invalid_request", "max_age", age)
	}
	a, _ := x.authorize(x.web, "max_age", "0", "Cookie", x.session(e2e.DemoUser, e2e.DemoPassword))
	x.asksToLogin(a)
}

func oldSession(x *trial) {
	b := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	first := b.Login(x, x.node, x.web)
	forms := b.Forms
	time.Sleep(2100 * time.Millisecond)
	x.note("a session of 2.1 s")
	second := b.Login(x, x.node, x.web, "max_age", "1")
	x.good(x.saw(second.Answer))
	if b.Forms == forms {
		x.Error("no form was asked for")
	}
	if was, is := authTime(first.ID), authTime(second.ID); is < was+2 {
		x.Errorf("auth_time %v, then %v", was, is)
	}
}

// authTime is what an id_token says of when somebody signed in.
func authTime(idToken string) float64 {
	var claims struct {
		AuthTime float64 `json:"auth_time"`
	}
	if parts := strings.Split(idToken, "."); len(parts) == 3 {
		raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
		json.Unmarshal(raw, &claims)
	}
	return claims.AuthTime
}

func badHints(x *trial) {
	good := x.tokensOf(x.web).ID
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	last := parts[2][:len(parts[2])-8] + strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return 'A'
	}, parts[2][len(parts[2])-8:])
	for _, hint := range []string{none + "." + parts[1] + ".", parts[0] + "." + parts[1] + ".", parts[0] + "." + parts[1] + "." + last, "x", x.token, strings.Repeat("a.", 2000)} {
		x.sentBack(x.web, "invalid_request", "id_token_hint", hint)
	}
	name := "hint-" + hex.EncodeToString([]byte(e2e.Random()[:8]))
	x.node.AddUser(x, name, e2e.DemoPassword)
	cookie := x.session(name, e2e.DemoPassword)
	x.sentBack(x.web, "login_required", "id_token_hint", good, "prompt", "none", "Cookie", cookie)
	a, _ := x.authorize(x.web, "id_token_hint", good)
	x.asksToLogin(a)
	for _, c := range a.Header.Values("Set-Cookie") {
		if strings.Contains(c, "session") {
			x.Errorf("a hint signs in: %s", c)
		}
	}
}

// evilTexts would do something if they were taken for markup, a template or a path.
var evilTexts = []string{`"><script>alert(1)</script>`, `{{7*7}}`, `../../etc/passwd`, `' onfocus='alert(1)`, `<img src=x onerror=alert(1)>`, `</title><svg onload=alert(1)>`}

// inert wants a page on which none of them does.
func (x *trial) inert(a answer) {
	x.Helper()
	x.good(a)
	for _, live := range []string{"<script", "<svg onload", "<img src=x", "onfocus='", ">49<", "root:"} {
		if mentions(a, live) {
			x.Errorf("the page holds %s", live)
		}
	}
}

func markup(x *trial) {
	for _, text := range evilTexts {
		a, _ := x.authorize(x.web, "login_hint", text, "ui_locales", text, "display", text)
		x.asksToLogin(a)
		x.inert(x.get(a.Header.Get("Location"), "Cookie", cookiesIn(a)))
		x.status(x.signIn(text, "x"), 400, 401)
		named := x.saw(x.node.Admin("POST", "/clients", map[string]any{
			"client_id": "n-" + e2e.Random()[:16], "client_name": text, "grant_types": []string{"authorization_code"}, "scope": "openid",
			"redirect_uris": []string{"http://127.0.0.1/cb"}, "token_endpoint_auth_method": "none",
		}))
		if named.Status == 201 {
			app := e2e.App{ID: named.Text("client_id"), RedirectURI: "http://127.0.0.1:8086/cb", Scope: "openid"}
			x.inert(x.consentPage(app))
		}
	}
}

// consentPage is the page that asks somebody who is signed in for consent.
func (x *trial) consentPage(app e2e.App) answer {
	x.Helper()
	cookie := x.session(e2e.DemoUser, e2e.DemoPassword)
	a, _ := x.authorize(app, "Cookie", cookie)
	to := a.Header.Get("Location")
	if !strings.HasPrefix(to, "/consent?") {
		x.Fatalf("answered %d to %q, want the consent page", a.Status, to)
	}
	page := x.get(to, "Cookie", cookie)
	x.good(page)
	return page
}

// cookiesIn are the cookies that an answer sets, as a header.
func cookiesIn(a answer) string {
	var pairs []string
	for _, cookie := range a.Header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(cookie, ";")
		pairs = append(pairs, pair)
	}
	return strings.Join(pairs, "; ")
}

func unsignedRequest(x *trial) {
	x.sentBack(x.web, "request_not_supported", "request", "eyJhbGciOiJub25lIn0.e30.")
}

func signedRequest(x *trial) {
	for _, object := range []string{"a.b.c", x.token, "eyJhbGciOiJIUzI1NiJ9.eyJjbGllbnRfaWQiOiJvdGhlciIsImV4cCI6MX0.AAAA"} {
		x.sentBack(x.web, "request_not_supported", "request", object)
	}
}

func encryptedRequest(x *trial) {
	x.sentBack(x.web, "request_not_supported", "request", "eyJhbGciOiJSU0EtT0FFUCJ9.b.c.d.e")
}

func requestURIs(x *trial) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		x.Fatal(err)
	}
	defer trap.Close()
	for _, uri := range []string{"http://" + trap.Addr().String() + "/x", "https://" + trap.Addr().String(), "http://169.254.169.254/latest", "file:///etc/passwd", "http://localhost:6379", "urn:ietf:params:oauth:request_uri:x"} {
		x.sentBack(x.web, "request_uri_not_supported", "request_uri", uri)
	}
	trap.(*net.TCPListener).SetDeadline(time.Now().Add(100 * time.Millisecond))
	if _, err := trap.Accept(); err == nil {
		x.Error("somebody connected to the request_uri")
	}
}

func resources(x *trial) {
	for _, resource := range []string{"/api", "api", x.node.Issuer + "/resources#x", "https://other.example/", x.node.Issuer + "/resources/"} {
		x.sentBack(x.web, "invalid_target", "resource", resource)
	}
}

func states(x *trial) {
	for _, state := range []string{`"><script>alert(1)</script>`, "🚧 + % & = # ;", strings.Repeat("s", 4096), "https://evil.example/", "//evil.example/%2e%2e", "%0d%0aX-Evil: 1", x.canary()} {
		x.sentBack(x.web, "login_required", "state", state, "prompt", "none")
	}
	a, _ := x.authorize(x.web, "state", strings.Repeat("s", 4097))
	x.page(a, 400)
	a, _ = x.authorize(x.web, "state", "a\r\nX-Evil: 1")
	x.nowhere(a)
	if a.Header.Get("X-Evil") != "" {
		x.Error("a state makes a header")
	}
	x.oversized(x.raw(getOf("/authorize?client_id="+x.web.ID+"&state="+strings.Repeat("s", 64<<10), "Host: x\r\n")), 431)
}

func issuerEverywhere(x *trial) {
	issuer := x.saw(x.node.Get("/.well-known/oauth-authorization-server")).Text("issuer")
	if issuer != x.node.Issuer {
		x.Errorf("the metadata say %q", issuer)
	}
	for code, pairs := range map[string][]string{
		"login_required": {"prompt", "none"}, "invalid_scope": {"scope", "x"}, "invalid_request": {"code_challenge", "-"}, "unsupported_response_type": {"response_type", "token"},
	} {
		x.sentBack(x.web, code, pairs...)
	}
	back, err := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword).Visit(x.node.Ask(x.web).URL)
	if err != nil {
		x.Fatal(err)
	}
	x.note("a code with iss")
	if there := back.Query(); there.Get("iss") != issuer || there.Get("code") == "" || there.Has("error") {
		x.Errorf("success leads to %v", there)
	}
	b := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	b.Deny = true
	if back, err = b.Visit(x.node.Ask(x.spa).URL); err != nil {
		x.Fatal(err)
	}
	x.note("a denial with iss")
	if there := back.Query(); there.Get("iss") != issuer || there.Has("code") || there.Get("error") != "access_denied" {
		x.Errorf("denial leads to %v", there)
	}
}

// pages are one of each kind, redirects to them included.
func (x *trial) pages() (all []answer) {
	x.Helper()
	login, _ := x.authorize(x.web)
	wrong, _ := x.authorize(x.web, "redirect_uri", "https://evil.example/")
	form := x.get(login.Header.Get("Location"), "Cookie", cookiesIn(login))
	x.good(form)
	return []answer{
		x.get("/login"), x.get("/logout", "Cookie", x.session(e2e.DemoUser, e2e.DemoPassword)), login, wrong, form,
		x.consentPage(x.spa), x.get("/consent?interaction=x"), x.signIn(e2e.DemoUser, "wrong"),
	}
}

func frames(x *trial) {
	for _, a := range x.pages() {
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-ancestors 'none'") || a.Header.Get("X-Frame-Options") != "DENY" {
			x.Errorf("%s %d: %q, X-Frame-Options %q", a.path, a.Status, policy, a.Header.Get("X-Frame-Options"))
		}
	}
}

func referrers(x *trial) {
	for _, a := range x.pages() {
		policy := a.Header.Get("Content-Security-Policy")
		if a.Header.Get("Referrer-Policy") != "no-referrer" || !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
			x.Errorf("%s %d: Referrer-Policy %q, %q", a.path, a.Status, a.Header.Get("Referrer-Policy"), policy)
		}
		if mentions(a, `src="http`) || mentions(a, `href="http`) {
			x.Errorf("%s loads or links something of elsewhere", a.path)
		}
	}
}
