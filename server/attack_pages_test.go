package server

import (
	"strings"
	"testing"
)

func TestPages_CarryEveryHeader(t *testing.T) {
	h := newHouse(t, "https://auth.example")
	b := h.browser()
	pages := map[string]*shown{
		"login":     b.get("/login"),
		"consent":   h.browser().toConsent(),
		"logout":    h.signedIn().get("/logout"),
		"done":      b.get("/logout"),
		"signed in": h.signedIn().get("/login"),
		"error":     b.get("/authorize"),
		"redirect":  b.get(authorizeURL()),
		"stale":     b.get("/consent?interaction=x"),
		"405":       b.do("DELETE", "/login", ""),
	}
	want := map[string]string{
		"X-Frame-Options":            "DENY", // row 116
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "no-referrer", // row 117
		"Cross-Origin-Opener-Policy": "same-origin",
		"Strict-Transport-Security":  "max-age=31536000",
		"Cache-Control":              "no-store",
	}
	for name, p := range pages {
		if name == "405" { // JSON, as on every other endpoint
			if p.status != 405 || p.header.Get("Allow") != "GET, POST" {
				t.Errorf("405: got %d, Allow %q", p.status, p.header.Get("Allow"))
			}
			continue
		}
		t.Run("row 366: "+name, func(t *testing.T) {
			for header, value := range want {
				if got := p.header.Get(header); got != value {
					t.Errorf("%s: got %q, want %q", header, got, value)
				}
			}
			csp := p.header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none';", "frame-ancestors 'none'", "base-uri 'none'", "form-action '"} {
				if !strings.Contains(csp, part) {
					t.Errorf("the policy lacks %s: %s", part, csp)
				}
			}
			if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
				t.Errorf("the policy is too wide: %s", csp)
			}
			if p.header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("another origin may read it")
			}
		})
	}
}

func TestPages_EscapeWhatStrangersSend(t *testing.T) {
	h := newHouse(t, testIssuer)
	for _, evil := range []string{`"><script>alert(1)</script>`, `{{7*7}}`, `../../etc/passwd`, `' onfocus='alert(1)`} {
		t.Run("row 104: login_hint "+evil, func(t *testing.T) {
			b := h.browser()
			p := b.toLogin("login_hint", evil, "ui_locales", evil)
			for _, raw := range []string{"<script", "onfocus='", ">49<"} {
				if strings.Contains(p.body, raw) {
					t.Fatalf("the page holds %q:\n%s", raw, p.body)
				}
			}
			again := b.post("/login", p.form("username", evil, "password", "wrong"))
			again.wantPage(t, 401)
			if strings.Contains(again.body, "<script") {
				t.Fatalf("the page holds what was typed:\n%s", again.body)
			}
		})
	}
}
