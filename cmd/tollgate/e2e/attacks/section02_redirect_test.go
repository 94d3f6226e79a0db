//go:build attacks

package attacks

import (
	"net/url"
	"strings"

	"tollgate/cmd/tollgate/e2e"
)

// Rows 61 to 86: where a browser must not be sent.

func unknownClients(x *trial) {
	for _, id := range []string{"nobody", "../web", "web\u200b", strings.Repeat("a", 4096)} {
		a, _ := x.authorize(e2e.App{ID: id, RedirectURI: x.web.RedirectURI, Scope: "openid"})
		x.page(a, 400)
	}
}

func noClient(x *trial) {
	for _, id := range []string{"-", ""} {
		a, _ := x.authorize(x.web, "client_id", id)
		x.page(a, 400)
	}
}

func noRedirectOfTwo(x *trial) {
	x.pagesFor(x.redirecting(false, "https://app.example/one", "https://app.example/two"), "-", "")
}

func unregistered(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), "https://evil.example/cb", "https://app.example/evil", "cb", "/cb", "//app.example/cb")
}

func capitals(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), "HTTPS://app.example/cb", "https://APP.example/cb", "https://app.example/CB")
}

func slashes(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), appCallback+"/", "https://app.example", "https://app.example/")
	x.pagesFor(x.redirecting(false, appCallback+"/"), appCallback)
}

func queries(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), appCallback+"?x=1", appCallback+"?", appCallback+"#evil")
	x.pagesFor(x.redirecting(false, appCallback+"?tenant=1"), appCallback, appCallback+"?tenant=2", appCallback+"?tenant=1&x=1")
}

func loopbackQuery(x *trial) {
	x.pagesFor(x.spa, "http://127.0.0.1:51004/callback?x=1", "http://127.0.0.1:51004/callback#x")
}

func userinfos(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), "https://app.example@evil.example/cb", "https://app.example:x@evil.example/cb", "https://x@app.example/cb")
	x.pagesFor(x.spa, "http://127.0.0.1:80@evil.example/callback", "http://127.0.0.1@evil.example:80/callback")
}

func differentials(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), `https://evil.example\@app.example/cb`, `https:\\app.example/cb`, " "+appCallback, appCallback+" ", `https://app.example\cb`)
	for _, uri := range []string{"https://app.example/\tcb", "https://app.example/\ncb", "https://app.exa\r\nmple/cb"} {
		a, _ := x.authorize(x.web, "redirect_uri", uri)
		x.page(a, 400)
	}
}

func dotSegments(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), appCallback+"/../evil", appCallback+"/..;/evil", appCallback+"/%2e%2e/evil", appCallback+"//", "https://app.example/x/../cb", "https://app.example/./cb")
}

func escapedLetters(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), "https://app.example/%63b", "https://app.example%2fcb")
	x.pagesFor(x.redirecting(false, appCallback+"%2Fx"), appCallback+"%2fx", appCallback+"/x")
}

func ports(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), "https://app.example:443/cb", "https://app.example:444/cb", "https://app.example:/cb", "https://app.example:0/cb", "https://app.example:65536/cb", "https://app.example:443@evil.example/cb")
	x.pagesFor(x.web, "http://127.0.0.1:8086/callback")
}

func unicodeHosts(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), "https://ａpp.example/cb", "https://app。example/cb", "https://a\u00adpp.example/cb", "https://xn--app-.example/cb", "https://аpp.example/cb")
}

func schemes(x *trial) {
	x.pagesFor(x.redirecting(false, appCallback), "http://app.example/cb", "javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://app.example/cb", "javascript://app.example/cb")
}

// nowhere wants 400 and no redirect, in whatever form.
func (x *trial) nowhere(a answer) {
	x.Helper()
	if a.Status != 400 || a.Header.Get("Location") != "" {
		x.Errorf("answered %d to %q, want 400", a.Status, a.Header.Get("Location"))
	}
}

func twoRedirects(x *trial) {
	app := x.redirecting(false, appCallback)
	query := strings.TrimPrefix(x.node.Ask(app).URL, x.node.URL+"/authorize?")
	const evil = "redirect_uri=https%3A%2F%2Fevil.example"
	x.nowhere(x.get("/authorize?" + query + "&" + evil))
	x.nowhere(x.get("/authorize?" + evil + "&" + query))
	x.nowhere(x.get("/authorize?" + query + "&redirect_uri=" + url.QueryEscape(appCallback)))
	x.nowhere(x.post("/authorize", query+"&"+evil))
	x.nowhere(x.post("/authorize?"+evil, query))
}

func loopbackPort(x *trial) {
	app := x.spa
	app.RedirectURI = "http://127.0.0.1:51004/callback"
	asked := x.node.Ask(app)
	code, err := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword).Code(x.node, app, asked)
	if err != nil {
		x.Fatal(err)
	}
	x.note("code on port 51004")
	other := app
	other.RedirectURI = "http://127.0.0.1:51005/callback"
	x.bad(x.saw(x.node.Exchange(other, code, asked.Verifier).Answer), "invalid_grant")
	x.good(x.saw(x.node.Exchange(app, code, asked.Verifier).Answer))
}

func loopbackLookAlikes(x *trial) {
	x.pagesFor(x.spa, "http://127.1:51004/callback", "http://2130706433:51004/callback", "http://0.0.0.0:51004/callback", "http://[::ffff:127.0.0.1]:51004/callback",
		"http://127.0.0.1.evil.example:51004/callback", "http://127.0.0.2:51004/callback", "https://127.0.0.1:51004/callback", "http://127.0.0.1:0/callback",
		"http://127.0.0.1:65536/callback", "http://127.0.0.1:+80/callback", "http://127.0.0.1:080/callback", "http://127.0.0.1:/callback", "http://0x7f.0.0.1:51004/callback")
}

func otherLoopbacks(x *trial) {
	x.pagesFor(x.spa, "http://[::1]:51004/callback", "http://localhost:51004/callback")
	local := x.redirecting(true, "http://localhost/cb")
	x.pagesFor(local, "http://localhost:51004/cb", "http://127.0.0.1/cb")
	a, _ := x.authorize(local)
	x.asksToLogin(a)
}

func twoClients(x *trial) {
	query := strings.TrimPrefix(x.node.Ask(x.web).URL, x.node.URL+"/authorize?")
	for _, more := range []string{"client_id=" + x.web.ID, "client_id=" + x.spa.ID, "state=2", "scope=openid"} {
		x.nowhere(x.get("/authorize?" + query + "&" + more))
		x.nowhere(x.get("/authorize?" + more + "&" + query))
	}
}

// redirects are ways to make a browser leave that open redirectors have fallen for.
func redirects() (all []string) {
	for _, host := range []string{"evil.example", "evil.example:443", "127.0.0.1@evil.example", "app.example.evil.example", "xn--evl-1ma.example", "evil%E3%80%82example", "[::1]"} {
		for _, before := range []string{"https://", "//", "///", "////", `\\`, `/\`, `\/`, "https:", `https:\\`, "https:/"} {
			all = append(all, before+host)
		}
	}
	return append(all, "javascript:alert(1)", "java\tscript:alert(1)", "data:text/html;base64,PHN2Zy8=", "/login/..//evil.example", "/%09/evil.example", "/%5cevil.example",
		".evil.example", "https:evil.example", "?https://evil.example", "#https://evil.example", "/.evil.example", "ftp://evil.example", "//evil.example/%2e%2e", "〱evil.example")
}

func openRedirects(x *trial) {
	for _, to := range redirects() {
		escaped := url.QueryEscape(to)
		a, _ := x.authorize(x.web, "redirect_uri", to)
		x.nowhere(a)
		x.nowhere(x.get("/logout?client_id=" + x.web.ID + "&post_logout_redirect_uri=" + escaped))
		a, asked := x.authorize(x.web, "state", to, "prompt", "none", "rd", to, "return_to", to, "next", to)
		x.redirected(a, x.web.RedirectURI, asked.State, "login_required")
		a = x.get("/login?rd=" + escaped + "&return_to=" + escaped + "&next=" + escaped)
		x.status(a, 200, 400)
		if a.Header.Get("Location") != "" || mentions(a, "evil") {
			x.Errorf("the login page leads to %s", to)
		}
	}
}
