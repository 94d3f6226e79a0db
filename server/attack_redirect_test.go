package server

import (
	"strings"
	"testing"

	"tollgate/flows/oauth"
)

// newAuthorizeHouse knows, besides the demo clients, apps with every kind of redirect URI.
func newAuthorizeHouse(t *testing.T) *house {
	h := newHouse(t, testIssuer)
	code := []oauth.GrantType{oauth.GrantAuthorizationCode}
	for _, c := range []*oauth.Client{
		{ID: "app", RedirectURIs: []string{"https://app.example/cb"}},
		{ID: "two", RedirectURIs: []string{"https://app.example/one", "https://app.example/two"}},
		{ID: "query", RedirectURIs: []string{"https://app.example/cb?tenant=1"}},
		{ID: "localhost", RedirectURIs: []string{"http://localhost/cb"}, AuthMethod: oauth.AuthNone},
		{ID: "native", RedirectURIs: []string{"com.example.app:/cb"}, AuthMethod: oauth.AuthNone},
	} {
		c.GrantTypes, c.Scope = code, oauth.Scope{"openid", "offline_access"}
		h.client(c)
	}
	return h
}

func TestAuthorize_UntrustedRedirectIsShownAndSentNowhere(t *testing.T) {
	h := newAuthorizeHouse(t)
	for _, c := range []struct{ row, client, redirect string }{
		{"row 61: unknown client", "nobody", "https://app.example/cb"},
		{"row 62: empty client", "", "https://app.example/cb"},
		{"row 62: no client", "-", "https://app.example/cb"},
		{"row 63: no redirect URI of two", "two", "-"},
		{"row 64: unregistered", "app", "https://evil.example/cb"},
		{"row 66: case of scheme", "app", "HTTPS://app.example/cb"},
		{"row 66: case of host", "app", "https://APP.example/cb"},
		{"row 67: trailing slash added", "app", "https://app.example/cb/"},
		{"row 67: path removed", "app", "https://app.example"},
		{"row 68: query added", "app", "https://app.example/cb?x=1"},
		{"row 68: query changed", "query", "https://app.example/cb?tenant=2"},
		{"row 68: query removed", "query", "https://app.example/cb"},
		{"row 68: query grown", "query", "https://app.example/cb?tenant=1&x=1"},
		{"row 69: query added to a loopback URI", "demo-spa", "http://127.0.0.1:51004/callback?x=1"},
		{"row 71: user", "app", "https://app.example@evil.example/cb"},
		{"row 71: user and password", "app", "https://app.example:x@evil.example/cb"},
		{"row 71: loopback user", "demo-spa", "http://127.0.0.1:80@evil.example/callback"},
		{"row 72: backslash", "app", `https://evil.example\@app.example/cb`},
		{"row 72: backslashes", "app", `https:\\app.example/cb`},
		{"row 72: leading space", "app", " https://app.example/cb"},
		{"row 72: tab inside", "app", "https://app.example/\tcb"},
		{"row 73: dot segment", "app", "https://app.example/cb/../evil"},
		{"row 73: dot segment with parameter", "app", "https://app.example/cb/..;/evil"},
		{"row 73: escaped dot segment", "app", "https://app.example/cb/%2e%2e/evil"},
		{"row 73: double slash", "app", "https://app.example/cb//"},
		{"row 74: escaped letter", "app", "https://app.example/%63b"},
		{"row 76: default port", "app", "https://app.example:443/cb"},
		{"row 76: other port", "app", "https://app.example:444/cb"},
		{"row 76: empty port", "app", "https://app.example:/cb"},
		{"row 76: port and user", "app", "https://app.example:443@evil.example/cb"},
		{"row 76: loopback port of a confidential client", "demo-web", "http://127.0.0.1:8086/callback"},
		{"row 77: full-width letter", "app", "https://ａpp.example/cb"},
		{"row 77: ideographic dot", "app", "https://app。example/cb"},
		{"row 77: soft hyphen", "app", "https://a\u00adpp.example/cb"},
		{"row 78: downgrade", "app", "http://app.example/cb"},
		{"row 78: javascript", "app", "javascript:alert(1)"},
		{"row 78: data", "app", "data:text/html,x"},
		{"row 78: file", "app", "file:///etc/passwd"},
		{"row 82: short loopback", "demo-spa", "http://127.1:51004/callback"},
		{"row 82: decimal loopback", "demo-spa", "http://2130706433:51004/callback"},
		{"row 82: any address", "demo-spa", "http://0.0.0.0:51004/callback"},
		{"row 82: mapped address", "demo-spa", "http://[::ffff:127.0.0.1]:51004/callback"},
		{"row 82: longer name", "demo-spa", "http://127.0.0.1.evil.example:51004/callback"},
		{"row 82: next address", "demo-spa", "http://127.0.0.2:51004/callback"},
		{"row 82: https", "demo-spa", "https://127.0.0.1:51004/callback"},
		{"row 82: port 0", "demo-spa", "http://127.0.0.1:0/callback"},
		{"row 82: port 65536", "demo-spa", "http://127.0.0.1:65536/callback"},
		{"row 83: other loopback", "demo-spa", "http://[::1]:51004/callback"},
		{"row 83: localhost for 127.0.0.1", "demo-spa", "http://localhost:51004/callback"},
		{"row 83: another port on localhost", "localhost", "http://localhost:51004/cb"},
	} {
		t.Run(c.row, func(t *testing.T) {
			p := h.browser().get(authorizeURL("client_id", c.client, "redirect_uri", c.redirect))
			p.wantPage(t, 400)
			if strings.Contains(p.body, "evil") {
				t.Fatalf("the page repeats the request:\n%s", p.body)
			}
		})
	}
}
