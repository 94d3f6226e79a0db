package server

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAuthorize_ParameterSentTwiceIsShownAndSentNowhere(t *testing.T) {
	h := newAuthorizeHouse(t)
	good := asks("client_id", "app", "redirect_uri", "https://app.example/cb").Encode()
	for row, more := range map[string]string{
		"row 79: redirect_uri, good first": "&redirect_uri=https%3A%2F%2Fevil.example",
		"row 86: client_id":                "&client_id=app",
		"row 86: state":                    "&state=2",
		"row 27: malformed escape":         "&x=%zz",
		"row 47: NUL":                      "&x=%00",
	} {
		t.Run(row, func(t *testing.T) { h.browser().get("/authorize?" + good + more).check400(t) })
	}
	t.Run("row 79: redirect_uri, evil first", func(t *testing.T) {
		h.browser().get("/authorize?redirect_uri=https%3A%2F%2Fevil.example&" + good).check400(t)
	})
	t.Run("row 79: in a posted form", func(t *testing.T) {
		h.browser().do("POST", "/authorize", good+"&redirect_uri=x").check400(t)
	})
	t.Run("row 79: in the query and the form", func(t *testing.T) {
		h.browser().do("POST", "/authorize?client_id=app", good).check400(t)
	})
}

// check400 fails where a malformed request is answered by anything but 400 on the spot.
func (p *shown) check400(t *testing.T) {
	t.Helper()
	if p.status != 400 || p.location() != "" {
		t.Fatalf("got %d to %q, want 400\n%s", p.status, p.location(), p.body)
	}
}

func TestAuthorize_ClientHearsWhatItDidWrong(t *testing.T) {
	h := newAuthorizeHouse(t)
	long := strings.Repeat("scope ", 10000)[:12000]
	for _, c := range []struct{ row, name, value, want string }{
		{"row 89: no response_type", "response_type", "-", "invalid_request"},
		{"row 89: unknown response_type", "response_type", "token", "unsupported_response_type"},
		{"row 91: fragment", "response_mode", "fragment", "invalid_request"},
		{"row 92: no challenge", "code_challenge", "-", "invalid_request"},
		{"row 93: plain", "code_challenge_method", "plain", "invalid_request"},
		{"row 94: no method", "code_challenge_method", "-", "invalid_request"},
		{"row 97: unknown scope", "scope", "openid root", "invalid_scope"},
		{"row 97: quoted scope", "scope", `"openid"`, "invalid_scope"},
		{"row 97: backslash in scope", "scope", `op\enid`, "invalid_scope"},
		{"row 97: endless scope", "scope", long, "invalid_scope"},
		{"row 99: prompt=none without a session", "prompt", "none", "login_required"},
		{"row 101: negative max_age", "max_age", "-1", "invalid_request"},
		{"row 101: max_age in words", "max_age", "abc", "invalid_request"},
		{"row 101: max_age in floats", "max_age", "1e9", "invalid_request"},
		{"row 103: forged hint", "id_token_hint", "eyJhbGciOiJub25lIn0.e30.", "invalid_request"},
		{"row 106: request object", "request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"},
		{"row 107: signed request object", "request", "a.b.c", "request_not_supported"},
		{"row 108: encrypted request object", "request", "a.b.c.d.e", "request_not_supported"},
		{"row 109: request_uri inside", "request_uri", "http://169.254.169.254/", "request_uri_not_supported"},
		{"row 109: request_uri of a file", "request_uri", "file:///etc/passwd", "request_uri_not_supported"},
		{"row 111: relative resource", "resource", "/api", "invalid_target"},
		{"row 111: resource with fragment", "resource", testIssuer + "/resources#x", "invalid_target"},
		{"row 111: unknown resource", "resource", "https://other.example/", "invalid_target"},
	} {
		t.Run(c.row, func(t *testing.T) {
			p := h.browser().get(authorizeURL(c.name, c.value))
			got := p.sentTo(t, webCallback)
			if got.Get("error") != c.want || got.Get("state") != "state-1" {
				t.Fatalf("got %v, want %s", got, c.want)
			}
			if got.Get("iss") != testIssuer || got.Has("code") { // row 113
				t.Fatalf("got %v, want iss and no code", got)
			}
		})
	}
	t.Run("row 96: method without challenge", func(t *testing.T) {
		got := h.browser().get(authorizeURL("code_challenge", "-", "code_challenge_method", "S256")).sentTo(t, webCallback)
		if got.Get("error") != "invalid_request" {
			t.Fatalf("got %v", got)
		}
	})
}

func TestAuthorize_StateComesBackByteForByte(t *testing.T) {
	h := newAuthorizeHouse(t)
	for row, state := range map[string]string{
		"row 112: HTML":         `"><script>alert(1)</script>`,
		"row 112: emoji":        "🚧 + % & = # ;",
		"row 112: 4 KiB":        strings.Repeat("s", 4096),
		"row 84: a URL":         "https://evil.example/",
		"row 84: a path":        "//evil.example/%2e%2e",
		"row 112: looks escape": "%0d%0aX-Evil: 1",
	} {
		t.Run(row, func(t *testing.T) {
			got := h.browser().get(authorizeURL("state", state, "prompt", "none")).sentTo(t, webCallback)
			if got.Get("state") != state {
				t.Fatalf("got %q, want %q", got.Get("state"), state)
			}
		})
	}
	t.Run("row 112: longer", func(t *testing.T) {
		h.browser().get(authorizeURL("state", strings.Repeat("s", 4097))).wantPage(t, 400)
	})
	t.Run("row 112: line breaks", func(t *testing.T) {
		h.browser().get(authorizeURL("state", "a\r\nX-Evil: 1")).check400(t)
	})
	t.Run("row 87: empty is as omitted", func(t *testing.T) {
		if got := h.browser().get(authorizeURL("state", "", "prompt", "none")).sentTo(t, webCallback); got.Has("state") {
			t.Fatalf("got %v, want no state", got)
		}
	})
}

func TestAuthorize_AcceptsWhatItMust(t *testing.T) {
	h := newAuthorizeHouse(t)
	t.Run("row 63: the only redirect URI may be left out", func(t *testing.T) {
		h.browser().toLogin("redirect_uri", "-")
	})
	t.Run("row 81: any loopback port of a public client", func(t *testing.T) {
		b := h.browser()
		got := b.post("/consent", b.toConsent("client_id", "demo-spa", "redirect_uri", spaCallback).form("decision", "allow")).sentTo(t, spaCallback)
		if got.Get("code") == "" || got.Get("iss") != testIssuer || got.Get("state") != "state-1" {
			t.Fatalf("got %v", got)
		}
	})
	t.Run("row 83: registered localhost, same port", func(t *testing.T) {
		h.browser().toLogin("client_id", "localhost", "redirect_uri", "http://localhost/cb", "scope", "openid")
	})
	t.Run("row 88: unknown parameter", func(t *testing.T) { h.browser().toLogin("surprise", "1") })
	t.Run("row 91: query", func(t *testing.T) { h.browser().toLogin("response_mode", "query") })
	t.Run("row 98: offline_access of a client without refresh", func(t *testing.T) {
		b := h.browser()
		p := b.toConsent("client_id", "app", "redirect_uri", "https://app.example/cb", "scope", "openid offline_access")
		if strings.Contains(p.body, "Stay connected") {
			t.Fatalf("the page offers what is never given:\n%s", p.body)
		}
	})
	t.Run("section 3.1: by POST", func(t *testing.T) {
		p := h.browser().post("/authorize", asks())
		if p.status != 303 || !strings.HasPrefix(p.location(), "/login?interaction=") {
			t.Fatalf("got %d to %q", p.status, p.location())
		}
	})
	t.Run("section 3.1: by POST from another site, which sends no cookies", func(t *testing.T) {
		b := h.browser()
		b.send.Set("Sec-Fetch-Site", "cross-site")
		p := b.post("/authorize", asks())
		if want := "/authorize?" + asks().Encode(); p.status != 303 || p.location() != want || len(b.cookies) != 0 {
			t.Fatalf("got %d to %q with cookies %v, want to come again by GET", p.status, p.location(), b.cookies)
		}
		if p = b.get(p.location()); !strings.HasPrefix(p.location(), "/login?interaction=") {
			t.Fatalf("got %d to %q", p.status, p.location())
		}
	})
}

func TestAuthorize_PromptAndMaxAgeAreObeyed(t *testing.T) {
	h := newAuthorizeHouse(t)
	b := h.signedIn()
	t.Run("row 99: prompt=none needs consent", func(t *testing.T) {
		if got := b.get(authorizeURL("prompt", "none")).sentTo(t, webCallback); got.Get("error") != "consent_required" {
			t.Fatalf("got %v", got)
		}
	})
	consent := func(p *shown) url.Values {
		t.Helper()
		if p.status == 303 && strings.HasPrefix(p.location(), "/consent") {
			p = b.post("/consent", b.get(p.location()).form("decision", "allow"))
		}
		return p.sentTo(t, "https://app.example/cb")
	}
	app := []string{"client_id", "app", "redirect_uri", "https://app.example/cb", "scope", "openid"}
	if consent(b.get(authorizeURL(app...))).Get("code") == "" {
		t.Fatal("no code after consent")
	}
	t.Run("consent is remembered", func(t *testing.T) {
		got := b.get(authorizeURL(append(app, "prompt", "none")...)).sentTo(t, "https://app.example/cb")
		if got.Get("code") == "" {
			t.Fatalf("got %v, want a code", got)
		}
	})
	for row, change := range map[string][]string{
		"row 99: prompt=login":   {"prompt", "login"},
		"row 101: max_age 0":     {"max_age", "0"},
		"row 102: an old login":  {"max_age", "1"},
		"row 99: select_account": {"prompt", "select_account"},
	} {
		t.Run(row, func(t *testing.T) {
			h.pass(2 * time.Second)
			login := b.toLogin(append(app, change...)...)
			p := b.post("/login", login.form("username", "alice", "password", "alice-password"))
			if p.sentTo(t, "https://app.example/cb").Get("code") == "" {
				t.Fatalf("got %q, want a code after a fresh login", p.location())
			}
		})
	}
	t.Run("row 361: consent of a loopback client is never skipped", func(t *testing.T) {
		spa := []string{"client_id", "demo-spa", "redirect_uri", spaCallback}
		for range 2 {
			p := b.get(authorizeURL(spa...))
			if !strings.HasPrefix(p.location(), "/consent?") {
				t.Fatalf("got %d to %q, want the consent page", p.status, p.location())
			}
			if got := b.post("/consent", b.get(p.location()).form("decision", "allow")).sentTo(t, spaCallback); got.Get("code") == "" {
				t.Fatalf("got %v", got)
			}
		}
	})
}
