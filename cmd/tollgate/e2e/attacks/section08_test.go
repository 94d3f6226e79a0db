//go:build attacks

package attacks

import (
	"fmt"
	"strings"

	"tollgate/cmd/tollgate/e2e"
)

// What is asked for is decided by the gateway's configuration, in the query of the address that it
// calls. No header says which path, method or host a request is for: rows 248 to 256.
var validateRows = []*row{
	{id: 243, sent: "no token, Basic, a cookie", want: "401, `WWW-Authenticate: Bearer` without an error; no redirect", try: validateNothing},
	{id: 244, sent: "2,000 odd combinations of method, path, query and token", want: "200, 401, 403 only", try: validateAnything},
	{id: 246, sent: "`X-Auth-Subject` and its spellings, through nginx", want: "the API gets ours only, once", try: spoofedIdentity},
	{id: 247, sent: "`Connection: X-Auth-Subject, …`, through nginx", want: "identity arrives all the same", try: strippedIdentity},
	{id: 248, sent: "`X-Forwarded-Uri: /public` from anybody", want: "not looked at", try: forwardedURI},
	{id: 249, sent: "several forwarded addresses that disagree", want: "not looked at", try: forwardedConflicts},
	{id: 251, sent: "forwarded paths with `#/public`, `%23`", want: "not looked at; in the address 400 or 401", try: forwardedFragments},
	{id: 252, sent: "`/validate/../admin`, `%2e%2e`, `%2f`, `%252e`, `;`, `\\`, `//`", want: "200 or 401 by the token alone, 400 or 404; never another endpoint", try: validatePaths},
	{id: 253, sent: "`X-Forwarded-Method`, in every spelling", want: "not looked at", try: forwardedMethod},
	{id: 254, sent: "`X-Forwarded-Host`: capitals, dots, ports, userinfo", want: "not looked at", try: forwardedHost},
	{id: 256, sent: "`X-Forwarded-Prefix`, `-Port`, `Forwarded`", want: "not looked at", try: forwardedPrefix},
	{id: 257, sent: "`User-Agent: kube-probe`, `GoogleHC`", want: "no way past", try: probeAgents},
	{id: 258, sent: "bodies of 1 KB and 1 MB, chunked, too", want: "ignored, or 413 and closed; never the next request", try: validateBodies},
	{id: 259, sent: "a token of 14 KB, of 32 KB; a cookie of 32 KB", want: "401; 431 and closed", try: validateHuge},
	{id: 261, sent: "client ids, names, scopes and audiences with line breaks, commas, quotes, umlauts", want: "refused at registration, or one header, printable", try: oddIdentities},
	{id: 262, sent: "a token for another audience, without the scope", want: "403 insufficient_scope", try: unmetDemands},
	{id: 263, sent: "one token for a route that needs A, then B", want: "200, 403, 200", try: demandsInTurn},
	{id: 264, sent: "1,000 requests at once with tokens and credentials that would collide", want: "to each its own answer", try: collisions},
	{id: 266, sent: "session cookies tampered with, cut, of another key, two of a name", want: "nobody is signed in; 400", try: tamperedCookies},
	{id: 267, sent: "a session cookie in place of a token, from another site", want: "401", try: cookieAsToken},
	{id: 268, sent: "a token under a new key, in a flood of made-up ones", want: "good within 600 ms on every node", try: newKeyAfterJunk},
	{id: 269, sent: "5,000 made-up opaque tokens, well formed", want: "less than one command of Redis in a hundred", try: madeUpHandles},
	{id: 271, sent: "a revoked token while connections to Redis are cut; while it hangs", want: "401; 503, never 200", try: revokedInOutage},
	{id: 272, sent: "an expired token, second by second", want: "refused at the latest 30 s after `exp`", try: expiredToken},
	{id: 273, sent: "TRACE, OPTIONS with a preflight's headers", want: "as every method: 401 without a token, no identity", try: validateMethods},
	{id: 274, sent: "secrets in every header, the path and the query", want: "echoed nowhere", try: echoed},
}

var identity = []string{"X-Auth-Subject", "X-Auth-Client", "X-Auth-Scope", "X-Auth-Audience", "X-Auth-Expires", "X-Auth-Token-Id"}

func validateNothing(x *trial) {
	x.challenged(x.get("/validate"), 401, "")
	x.challenged(x.get("/validate", "Authorization", basic(x.service)), 401, "")
	x.challenged(x.get("/validate", "Authorization", ""), 401, "")
	a := x.get("/validate", "Accept", "text/html", "User-Agent", "Mozilla/5.0", "Sec-Fetch-Mode", "navigate")
	if x.challenged(a, 401, ""); a.Header.Get("Location") != "" {
		x.Errorf("redirected to %s", a.Header.Get("Location"))
	}
}

func validateAnything(x *trial) {
	pick := func(n int, from ...string) string { return from[n%len(from)] }
	for i := range 2000 {
		method := pick(i, "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "X")
		path := pick(i/3, "", "/", "/a", "/a/b?c", "/%41", "/..;/x", "/.well-known/jwks.json", "/admin/v1/clients", "/login")
		query := pick(i/7, "", "?scope=", "?scope=orders:read", "?scope=admin", "?scope=%00", "?scope=a&scope=b", "?aud=x", "?aud=&aud=", "?x=1", "?scope=%22", "?redirect=https://evil.example")
		if strings.Contains(path, "?") {
			query = strings.Replace(query, "?", "&", 1)
		}
		token := pick(i/11, "", "Bearer", "Bearer ", "Bearer x", "Bearer "+x.token, "bearer "+x.token, "Basic eDp5", "Bearer "+x.token[:50], "Digest x", "Bearer "+x.token+" ")
		var headers []string
		if token != "" {
			headers = []string{"Authorization", token}
		}
		x.status(x.ask(x.request(method, "/validate"+path+query, "", headers...)), 200, 401, 403)
	}
}

func validateBodies(x *trial) {
	head := "POST /validate HTTP/1.1\r\nHost: " + x.address() + "\r\nAuthorization: Bearer " + x.token + "\r\n"
	small := strings.Repeat("GET /token HTTP/1.1\r\n", 48)
	x.recognized(x.raw(head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(small), small)))
	x.recognized(x.raw(head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(small), small)))
	large := strings.Repeat("GET /admin/v1/clients HTTP/1.1\r\nHost: x\r\n\r\n", 25_000)
	for _, body := range []string{fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(large), large), fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(large), large)} {
		all := x.rawAll(x.address(), head+body)
		if len(all) != 1 {
			x.Errorf("%d answers to one request", len(all))
		}
		x.tooLarge(all[0])
	}
}

func validateHuge(x *trial) {
	x.challenged(x.bearer("/validate", strings.Repeat("a", 14<<10)), 401, "invalid_token")
	x.challenged(x.bearer("/validate", x.token+strings.Repeat("A", 13<<10)), 401, "invalid_token")
	for _, line := range []string{"Authorization: Bearer " + strings.Repeat("a", 32<<10), "Cookie: a=" + strings.Repeat("a", 32<<10), "Authorization: Bearer " + x.token + strings.Repeat(" ", 32<<10)} {
		if a := x.raw("GET /validate HTTP/1.1\r\nHost: x\r\n" + line + "\r\n\r\n"); a.Status != 431 || !a.closed {
			x.Errorf("answered %d, closed %v, want 431 and closed", a.Status, a.closed)
		}
	}
}

func oddIdentities(x *trial) {
	odd := []string{"a\r\nX-Auth-Scope: admin", "a,admin", `a"b`, "müller", "a b", "a\x00b", "a\tb", "ａ", "a@b@c", "a;b", "\u202eadmin"}
	for _, text := range odd {
		for _, members := range []map[string]any{
			{"client_id": text + e2e.Random()[:8]},
			{"client_id": "odd-" + e2e.Random()[:8], "client_name": text},
			{"client_id": "odd-" + e2e.Random()[:8], "audience": "https://api.example/" + text},
			{"client_id": "odd-" + e2e.Random()[:8], "scope": text},
		} {
			members["grant_types"] = []string{"client_credentials"}
			a := x.saw(x.node.Admin("POST", "/clients", members))
			if a.Status != 201 {
				x.status(a, 400)
				continue
			}
			app := e2e.App{ID: a.Text("client_id"), Secret: a.Text("client_secret"), Scope: a.Text("scope")}
			v := x.bearer("/validate", x.tokenOf(app))
			x.good(v)
			for _, name := range identity {
				if len(v.Header[name]) != 1 || strings.ContainsFunc(v.Header.Get(name), func(r rune) bool { return r < 0x20 || r > 0x7e }) {
					x.Errorf("%q makes %s = %q", text, name, v.Header[name])
				}
			}
		}
	}
}

func unmetDemands(x *trial) {
	x.recognized(x.bearer("/validate?scope=orders:read&aud="+x.node.Issuer+"/resources", x.token))
	for _, demand := range []string{"aud=https://other.example", "aud=" + x.node.Issuer, "aud=" + x.node.Issuer + "/resources/", "scope=admin", "scope=orders:read+admin", "scope=ORDERS:READ", "scope=orders",
		"scope=orders:read&scope=orders:write", "aud=a&aud=b", "scope=%ff", "scope=%00", "%73cope=admin"} {
		x.challenged(x.bearer("/validate?"+demand, x.token), 403, "insufficient_scope")
	}
}

func demandsInTurn(x *trial) {
	narrow := x.tokenOf(x.app("scope", "orders:read"))
	for range 3 {
		x.good(x.bearer("/validate?scope=orders:read", narrow))
		x.challenged(x.bearer("/validate?scope=orders:write", narrow), 403, "insufficient_scope")
		x.recognized(x.bearer("/validate?scope=orders:write", x.token))
	}
}

func tamperedCookies(x *trial) {
	v := x.visitor().signIn(e2e.DemoUser, e2e.DemoPassword)
	session := v.cookie(sessionCookie)
	other := x.visitor().signIn(x.person(), personPassword).cookie(sessionCookie)
	if session == other || len(session) != 43 {
		x.Fatalf("cookies %q and %q", session, other)
	}
	ask := func(cookies string) answer { return x.get("/login", "Cookie", cookies) }
	if !strings.Contains(string(ask(sessionCookie+"="+session).Body), "You are signed in") {
		x.Error("a good cookie is not taken")
	}
	for _, cookie := range []string{session[:42], session[:20], session + "A", strings.ToLower(session), e2e.Random(), session[:42] + "!", `"` + session[1:], "", "null", session[:22] + other[22:]} {
		if a := ask(sessionCookie + "=" + cookie); !strings.Contains(string(a.Body), `name="password"`) || a.Status != 200 {
			x.Errorf("cookie %q: %d", cookie, a.Status)
		}
	}
	for _, cookies := range []string{session + "; " + sessionCookie + "=" + other, other + "; " + sessionCookie + "=" + session, session + "; " + sessionCookie + "="} {
		x.page(ask(sessionCookie+"="+cookies), 400)
	}
}

func cookieAsToken(x *trial) {
	v := x.visitor().signIn(e2e.DemoUser, e2e.DemoPassword)
	for _, method := range []string{"GET", "POST"} {
		x.challenged(v.do(x.request(method, "/validate", "", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")), 401, "")
		x.challenged(v.do(x.request(method, "/userinfo", "")), 401, "")
		x.challenged(x.ask(x.request(method, "/validate", "", "Cookie", "access_token="+x.token)), 401, "")
	}
	x.challenged(x.bearer("/validate", v.cookie(sessionCookie)), 401, "invalid_token")
}

func validateMethods(x *trial) {
	for _, method := range []string{"TRACE", "OPTIONS", "TRACK"} {
		headers := []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization"}
		a := x.ask(x.request(method, "/validate", "", headers...))
		x.challenged(a, 401, "")
		b := x.ask(x.request(method, "/validate", "", append(headers, "Authorization", "Bearer "+x.token)...))
		x.recognized(b)
		for _, a := range []answer{a, b} {
			if a.Header.Get("Access-Control-Allow-Origin") != "" {
				x.Errorf("%s: %v", method, a.Header)
			}
		}
	}
}

func echoed(x *trial) {
	c := x.canary
	for _, token := range []string{x.token, c(), ""} {
		r := x.request("GET", "/validate/"+c()+"?q="+c(), "", "Cookie", "a="+c(), "X-Auth-Subject", c(), "X-Forwarded-Uri", "/"+c(), "User-Agent", c(), "Referer", "http://"+c(), "X-Api-Key", c(), "Proxy-Authorization", "Basic "+c())
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		a := x.ask(r)
		for _, secret := range append(x.canaries, x.token) {
			if strings.Contains(fmt.Sprint(a.Header), secret) || strings.Contains(string(a.Body), secret) {
				x.Errorf("echoed: %v %s", a.Header, a.Body)
			}
		}
	}
}
