//go:build attacks

package attacks

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// Rows 146 to 156: codes.

var b64url = base64.RawURLEncoding

// claims is what a token says.
func claims(token string) map[string]any {
	var members map[string]any
	if parts := strings.Split(token, "."); len(parts) == 3 {
		raw, _ := b64url.DecodeString(parts[1])
		json.Unmarshal(raw, &members)
	}
	return members
}

func expiredCode(x *trial) {
	there := x.elsewhere("TOLLGATE_TOKENS__CODE_TTL=1s")
	c := there.code(e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword), there.web)
	time.Sleep(1200 * time.Millisecond)
	there.bad(there.trade(c), "invalid_grant")
}

func usedCode(x *trial) {
	there := x.elsewhere("TOLLGATE_TOKENS__CODE_TTL=2s")
	b := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	for _, wait := range []time.Duration{time.Second, 2500 * time.Millisecond} {
		c := there.code(b, there.web)
		first := there.trade(c)
		there.good(first)
		time.Sleep(wait)
		there.bad(there.trade(c), "invalid_grant")
		there.gone(first.Text("access_token"), first.Text("refresh_token"))
		there.bad(there.refresh(there.web, first.Text("refresh_token"), ""), "invalid_grant")
	}
}

func racedCode(x *trial) { x.raceCode([]*e2e.Node{x.node}) }

func racedCodeOnTwo(x *trial) { x.raceCode(x.everywhere()) }

func (x *trial) raceCode(nodes []*e2e.Node) {
	x.Helper()
	const callers = 100
	c := x.code(e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword), x.web)
	good, bad := 0, 0
	for _, a := range x.race(callers, nodes, func(n *e2e.Node) e2e.Tokens { return n.Exchange(c.app, c.code, c.verifier) }) {
		x.saw(a.Answer)
		switch {
		case a.Status == 200:
			good++
			x.gone(a.Access, a.Refresh) // the others replayed its code
		case a.Status == 400 && a.Text("error") == "invalid_grant":
			bad++
		}
	}
	if good != 1 || bad != callers-1 {
		x.Errorf("%d succeed, %d are refused", good, bad)
	}
}

func badVerifiers(x *trial) {
	b := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	for _, verifier := range []string{"-", "", e2e.Random(), strings.Repeat("a", 42), strings.Repeat("a", 129), strings.Repeat("ä", 43), strings.Repeat("a", 43) + " ", "%00"} {
		for _, app := range []e2e.App{x.web, x.spa} {
			x.bad(x.trade(x.code(b, app), "code_verifier", verifier), "invalid_grant")
		}
	}
}

func downgrade(x *trial) {
	for _, app := range []e2e.App{x.web, x.spa} {
		x.sentBack(app, "invalid_request", "code_challenge", "-", "code_challenge_method", "-")
	}
	x.bad(x.trade(x.code(e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword), x.web), "code_verifier", "-"), "invalid_grant")
}

func guessedVerifier(x *trial) {
	c := x.code(e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword), x.web)
	for range 3 {
		x.bad(x.trade(c, "code_verifier", e2e.Random()), "invalid_grant")
	}
	x.bad(x.trade(c), "invalid_grant")
}

func otherRedirects(x *trial) {
	b := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	for _, app := range []e2e.App{x.web, x.spa} {
		for _, uri := range []string{"-", app.RedirectURI + "/", strings.Replace(app.RedirectURI, ":808", ":809", 1), strings.ToUpper(app.RedirectURI), "https://evil.example/"} {
			x.bad(x.trade(x.code(b, app), "redirect_uri", uri), "invalid_grant")
		}
	}
	c := x.code(b, x.web) // who is not its client cannot burn it
	other := c
	other.app = x.spa
	x.bad(x.trade(other), "invalid_grant")
	x.good(x.trade(c))
}

func endedUsersCode(x *trial) {
	for path, body := range map[string]any{"/disable": nil, "/password": map[string]any{"password": "another-password"}} {
		b := x.user()
		c := x.code(b, x.web)
		x.status(x.saw(x.node.Admin("POST", "/users/"+b.Username+path, body)), 200, 204)
		x.bad(x.trade(c), "invalid_grant")
	}
}
