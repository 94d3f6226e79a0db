package server

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate/cache"
	"tollgate/flows/oauth"
)

func TestPages_FormFromElsewhereIsRefused(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	login := b.toLogin().form("username", "alice", "password", "alice-password")
	without := func(v url.Values, name string) url.Values {
		out := url.Values{}
		for k := range v {
			if k != name {
				out.Set(k, v.Get(k))
			}
		}
		return out
	}
	with := func(v url.Values, name, value string) url.Values {
		out := without(v, name)
		out.Set(name, value)
		return out
	}
	for name, c := range map[string]struct {
		form   url.Values
		header []string
	}{
		"row 357: no token":                   {form: without(login, "csrf")},
		"row 357: empty token":                {form: with(login, "csrf", "")},
		"row 357: another browser's token":    {form: with(login, "csrf", h.browser().toLogin().form().Get("csrf"))},
		"row 357: another interaction's":      {form: with(login, "csrf", b.clone().toLogin().form().Get("csrf"))},
		"row 357: another page's":             {form: with(login, "csrf", b.get("/login").form().Get("csrf"))},
		"row 357: sent from another site":     {login, []string{"Sec-Fetch-Site", "cross-site"}},
		"row 357: sent from a sibling domain": {login, []string{"Sec-Fetch-Site", "same-site"}},
		"row 357: foreign origin":             {login, []string{"Origin", "https://evil.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			c2 := b.clone()
			if c.header != nil {
				c2.send.Set(c.header[0], c.header[1])
			}
			c2.post("/login", c.form).wantPage(t, 403)
			if _, signedIn := c2.cookies["tollgate_session"]; signedIn {
				t.Fatal("somebody is signed in")
			}
		})
	}
	t.Run("row 357: a token of the login page on another page", func(t *testing.T) {
		b := h.browser()
		b.post("/logout", url.Values{"csrf": {b.get("/login").form().Get("csrf")}}).wantPage(t, 403)
	})
	t.Run("the same form from our own page passes", func(t *testing.T) {
		b := b.clone()
		b.send.Set("Sec-Fetch-Site", "same-origin")
		b.send.Set("Origin", "null") // as browsers send it where no referrer is sent
		if p := b.post("/login", login); p.status != 303 {
			t.Fatalf("got %d\n%s", p.status, p.body)
		}
	})
	t.Run("row 357: consent token of another session", func(t *testing.T) {
		b := h.browser()
		old := b.toConsent().form("decision", "allow")
		again := b.get("/login?interaction=" + old.Get("interaction") + "&switch=1")
		b.post("/login", again.form("username", "alice", "password", "alice-password")) // another session
		b.post("/consent", old).wantPage(t, 403)
	})
}

func TestConsent_FormCannotChangeTheRequest(t *testing.T) {
	h := newHouse(t, testIssuer)
	for _, name := range []string{"scope", "client_id", "redirect_uri", "code_challenge", "state"} {
		t.Run("row 358: "+name, func(t *testing.T) {
			b := h.browser()
			b.post("/consent", b.toConsent().form("decision", "allow", name, "x")).wantPage(t, 400)
		})
	}
	t.Run("row 358: neither allow nor deny", func(t *testing.T) {
		b := h.browser()
		b.post("/consent", b.toConsent().form("decision", "maybe")).wantPage(t, 400)
	})
	t.Run("row 358: parameters in the address", func(t *testing.T) {
		b := h.browser()
		b.post("/consent?scope=x", b.toConsent().form("decision", "allow")).wantPage(t, 400)
	})
}

func TestConsent_HundredClicksGiveOneCode(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	form := b.toConsent().form("decision", "allow")
	t.Run("row 359", func(t *testing.T) {
		var wg sync.WaitGroup
		codes := make([]string, 100)
		for i := range codes {
			wg.Go(func() {
				if p := b.clone().post("/consent", form); p.status == 303 {
					codes[i] = p.location()
				}
			})
		}
		wg.Wait()
		for _, c := range codes {
			if c == "" || c != codes[0] {
				t.Fatalf("got %q and %q, want one redirect for all", codes[0], c)
			}
		}
		if !strings.Contains(codes[0], "code=tgc_") {
			t.Fatalf("got %q, want a code", codes[0])
		}
	})
	t.Run("row 359: another answer afterwards changes nothing", func(t *testing.T) {
		first := b.post("/consent", form).location()
		form.Set("decision", "deny")
		if again := b.post("/consent", form).location(); again != first {
			t.Fatalf("got %q, want %q", again, first)
		}
	})
}

func TestInteraction_BelongsToItsBrowser(t *testing.T) {
	h := newHouse(t, testIssuer)
	victim, attacker := h.signedIn(), h.browser()
	interaction := attacker.toLogin().form().Get("interaction")
	t.Run("row 356: login link", func(t *testing.T) {
		victim.get("/login?interaction="+interaction).wantPage(t, 403)
		victim.get("/login?interaction="+interaction+"&switch=1").wantPage(t, 403)
	})
	t.Run("row 356: consent link", func(t *testing.T) {
		victim.get("/consent?interaction="+interaction).wantPage(t, 403)
	})
	t.Run("row 356: made-up link", func(t *testing.T) {
		p := victim.get("/login?interaction=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
		p.wantPage(t, 404)
		p.wantText(t, `href="/login"`)
	})
	t.Run("row 364: it ends after ten minutes", func(t *testing.T) {
		h.pass(10*time.Minute + time.Second)
		attacker.get("/login?interaction="+interaction).wantPage(t, 404)
	})
}

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

func TestLogin_IsThrottledPerUserAndAddress(t *testing.T) {
	h := newHouse(t, testIssuer, func(c *Config) { c.Login = cache.Rate{PerSecond: 5.0 / 60, Burst: 3} })
	b := h.browser()
	form := b.get("/login").form("username", "alice", "password", "guess")
	for range 3 {
		b.post("/login", form).wantPage(t, 401)
	}
	t.Run("row 352: one user, many passwords", func(t *testing.T) {
		form.Set("password", "alice-password") // even the right one
		p := b.post("/login", form)
		p.wantPage(t, 429)
		if p.header.Get("Retry-After") == "" || !strings.Contains(p.body, "Too many attempts") {
			t.Fatalf("the page does not say when to come back: %v\n%s", p.header, p.body)
		}
	})
	t.Run("row 352: another user is not locked out", func(t *testing.T) {
		form.Set("username", "bob")
		b.post("/login", form).wantPage(t, 401)
	})
	t.Run("row 352: it ends", func(t *testing.T) {
		h.pass(15 * time.Second)
		form.Set("username", "alice")
		if p := b.post("/login", form); p.status != 303 {
			t.Fatalf("got %d\n%s", p.status, p.body)
		}
	})
}

func TestLogin_TakesPasswordsAsTheyAre(t *testing.T) {
	h := newHouse(t, testIssuer)
	try := func(username, password string) *shown {
		b := h.browser()
		return b.post("/login", b.get("/login").form("username", username, "password", password))
	}
	t.Run("row 353: 2,000 bytes", func(t *testing.T) {
		p := try("alice", strings.Repeat("p", 2000))
		p.wantPage(t, 400)
		p.wantText(t, "too long")
		p.wantText(t, `value="alice"`)
	})
	t.Run("row 353: NUL", func(t *testing.T) { try("alice", "alice-password\x00x").wantPage(t, 400) })
	t.Run("row 353: a longer password that starts the same", func(t *testing.T) {
		try("alice", "alice-password"+strings.Repeat("x", 73)).wantPage(t, 401)
	})
	t.Run("row 353: empty", func(t *testing.T) { try("alice", "").wantPage(t, 400) })
	for _, name := range []string{"Alice", "ALICE", "ａlice", "alice ", "alıce"} {
		t.Run("row 48: "+name+" is somebody else", func(t *testing.T) {
			try(name, "alice-password").wantPage(t, 401)
		})
	}
}

func TestLogout_IsAskedForAndComplete(t *testing.T) {
	h := newHouse(t, testIssuer)
	t.Run("row 347: an image on another site changes nothing", func(t *testing.T) {
		b := h.signedIn()
		p := b.get("/logout")
		p.wantPage(t, 200)
		p.wantText(t, "Sign out?")
		b.get("/login").wantText(t, "You are signed in")
	})
	t.Run("row 346: a forged hint proves nothing", func(t *testing.T) {
		b := h.signedIn()
		p := b.get("/logout?id_token_hint=eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.")
		p.wantText(t, "Sign out?")
		b.get("/login").wantText(t, "You are signed in")
	})
	t.Run("row 348: the old cookie is worth nothing afterwards", func(t *testing.T) {
		b := h.signedIn()
		old := b.clone()
		done := b.post("/logout", b.get("/logout").form())
		done.wantPage(t, 200)
		done.wantText(t, "You are signed out")
		if _, left := b.cookies["tollgate_session"]; left {
			t.Fatal("the cookie is still there")
		}
		old.get("/login").wantText(t, `name="password"`)
		old.get(authorizeURL("prompt", "none")).sentTo(t, webCallback)
	})
	t.Run("row 357: without our token it is only a question", func(t *testing.T) {
		b := h.signedIn()
		b.post("/logout", url.Values{"state": {"x"}}).wantText(t, "Sign out?")
		b.post("/logout", url.Values{"csrf": {"x"}}).wantPage(t, 403)
		b.get("/login").wantText(t, "You are signed in")
	})
	t.Run("row 84: it leads only to what the client registered", func(t *testing.T) {
		b := h.signedIn()
		for _, target := range []string{"https://evil.example/", "//evil.example", "http://127.0.0.1:8085/other", "javascript:alert(1)"} {
			q := url.Values{"client_id": {"demo-web"}, "post_logout_redirect_uri": {target}}
			b.get("/logout?"+q.Encode()).wantPage(t, 400)
			b.get("/logout?post_logout_redirect_uri="+url.QueryEscape(target)).wantPage(t, 400)
		}
	})
	t.Run("RP-Initiated Logout 3: and with the client's state", func(t *testing.T) {
		b := h.signedIn()
		q := url.Values{"client_id": {"demo-web"}, "post_logout_redirect_uri": {"http://127.0.0.1:8085/"}, "state": {"a b&c"}}
		p := b.post("/logout", b.get("/logout?"+q.Encode()).form())
		if got := p.sentTo(t, "http://127.0.0.1:8085/"); got.Get("state") != "a b&c" {
			t.Fatalf("got %v", got)
		}
	})
}

// tokens is what alice's web app holds after she allowed it everything.
func (b *browser) tokens() map[string]string {
	b.h.t.Helper()
	got := b.post("/consent", b.toConsent("scope", "openid offline_access").form("decision", "allow")).sentTo(b.h.t, webCallback)
	return b.h.redeem(url.Values{"grant_type": {"authorization_code"}, "code": {got.Get("code")}, "redirect_uri": {webCallback}, "code_verifier": {testVerifier}})
}

// redeem asks the token endpoint as demo-web, and returns the text members of its answer.
func (h *house) redeem(form url.Values) map[string]string {
	h.t.Helper()
	form.Set("client_id", "demo-web")
	form.Set("client_secret", "demo-web-secret")
	var all map[string]any
	if err := json.Unmarshal([]byte(h.browser().post("/token", form).raw), &all); err != nil {
		h.t.Fatal(err)
	}
	out := map[string]string{}
	for name, value := range all {
		if text, ok := value.(string); ok {
			out[name] = text
		}
	}
	return out
}

func TestLogout_HintProvesOnlyItsOwnSession(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	tokens := b.tokens()
	query := url.Values{"id_token_hint": {tokens["id_token"]}, "post_logout_redirect_uri": {"http://127.0.0.1:8085/"}, "state": {"s"}}
	t.Run("row 346: another session is asked", func(t *testing.T) {
		other := h.signedIn()
		other.get("/logout?"+query.Encode()).wantText(t, "Sign out?")
		other.get("/login").wantText(t, "You are signed in")
	})
	t.Run("row 346: a changed hint proves nothing", func(t *testing.T) {
		changed := url.Values{"id_token_hint": {tokens["id_token"][:len(tokens["id_token"])-4] + "AAAA"}}
		b.get("/logout?"+changed.Encode()).wantText(t, "Sign out?")
	})
	t.Run("row 103: it demands its own user", func(t *testing.T) {
		if _, err := h.flows.CreateUser(t.Context(), &oauth.User{Username: "bob"}, "bob-password"); err != nil {
			t.Fatal(err)
		}
		bob := h.browser()
		bob.post("/login", bob.get("/login").form("username", "bob", "password", "bob-password"))
		got := bob.get(authorizeURL("prompt", "none", "id_token_hint", tokens["id_token"])).sentTo(t, webCallback)
		if got.Get("error") != "login_required" {
			t.Fatalf("got %v", got)
		}
	})
	t.Run("row 346: an expired one still proves its session", func(t *testing.T) {
		h.pass(time.Hour)
		if got := b.get("/logout?"+query.Encode()).sentTo(t, "http://127.0.0.1:8085/"); got.Get("state") != "s" {
			t.Fatalf("got %v", got)
		}
		b.get("/login").wantText(t, `name="password"`)
	})
	t.Run("row 348: the refresh token ended with the session", func(t *testing.T) {
		got := h.redeem(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"]}})
		if got["error"] != "invalid_grant" {
			t.Fatalf("got error %q", got["error"])
		}
	})
}
