package server

import (
	"net/http"
	"strings"
	"testing"
)

func TestCookies_AreOfThisHostAndHTTPOnly(t *testing.T) {
	set := func(b *browser) map[string]*http.Cookie {
		p := b.get("/login")
		p = b.post("/login", p.form("username", "alice", "password", "alice-password"))
		out := map[string]*http.Cookie{}
		for _, c := range (&http.Response{Header: p.header}).Cookies() {
			out[c.Name] = c
		}
		for _, c := range (&http.Response{Header: b.clone().fresh().get("/login").header}).Cookies() {
			out[c.Name] = c
		}
		return out
	}
	for row, c := range map[string]struct{ issuer, prefix string }{
		"row 363: https":                      {"https://auth.example", "__Host-"},
		"row 363: http, on this machine only": {testIssuer, ""},
	} {
		t.Run(row, func(t *testing.T) {
			cookies := set(newHouse(t, c.issuer).browser())
			for _, name := range []string{"tollgate_session", "tollgate_browser"} {
				got := cookies[c.prefix+name]
				if got == nil {
					t.Fatalf("no cookie %s among %v", c.prefix+name, cookies)
				}
				if got.Secure != (c.prefix != "") || !got.HttpOnly || got.SameSite != http.SameSiteLaxMode || got.Path != "/" || got.Domain != "" {
					t.Fatalf("got %v", got)
				}
			}
		})
	}
}

func TestCookies_PlantedOneIsRefused(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.signedIn()
	for _, name := range []string{"tollgate_session", "tollgate_browser"} {
		t.Run("row 363: two of "+name, func(t *testing.T) {
			b := b.clone()
			b.send.Set("Cookie", name+"="+strings.Repeat("A", 43)+"; "+name+"="+b.cookies[name])
			b.cookies = nil
			b.get("/login").wantPage(t, 400)
		})
	}
	t.Run("row 363: one that is not of our making counts as none", func(t *testing.T) {
		b := b.clone()
		b.cookies = map[string]string{"tollgate_browser": "short", "tollgate_session": "short"}
		p := b.get("/login")
		p.wantText(t, `name="password"`)
		if b.cookies["tollgate_browser"] == "short" {
			t.Fatal("a value that anybody can guess names the browser")
		}
	})
}

func TestHost_NamesNothing(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	b.send.Set("X-Forwarded-Host", "evil.example")
	b.send.Set("X-Forwarded-Proto", "https")
	for row, p := range map[string]*shown{
		"row 53: login":    b.doHost("evil.example", "/login"),
		"row 53: redirect": b.doHost("evil.example", authorizeURL()),
		"row 53: error":    b.doHost("evil.example", authorizeURL("prompt", "none")),
	} {
		t.Run(row, func(t *testing.T) {
			if strings.Contains(p.body+p.location()+p.header.Get("Set-Cookie"), "evil.example") {
				t.Fatalf("the answer holds the host of the request: %v\n%s", p.header, p.body)
			}
		})
	}
}
