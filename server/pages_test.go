package server

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store/redistore"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

func TestPages_PolicyAllowsExactlyTheStyleInside(t *testing.T) {
	h := newHouse(t, testIssuer)
	p := h.browser().get("/login")
	_, rest, _ := strings.Cut(p.raw, "<style>")
	style, _, found := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	source := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if csp := p.header.Get("Content-Security-Policy"); !found || !strings.Contains(csp, "style-src "+source+";") {
		t.Fatalf("the policy %q does not allow %s", csp, source)
	}
}

var foreign = regexp.MustCompile(`(?i)<script|\son\w+=|style=|url\(|@import|https?://`)

func TestPages_LoadNothingAndRunNothing(t *testing.T) {
	h := newHouse(t, testIssuer)
	for name, p := range map[string]*shown{
		"login": h.browser().toLogin(), "consent": h.browser().toConsent(), "logout": h.signedIn().get("/logout"),
		"notice": h.browser().get("/authorize"),
	} {
		if found := foreign.FindString(strings.ReplaceAll(p.raw, "http://www.w3.org/2000/svg", "")); found != "" {
			t.Errorf("%s holds %q", name, found)
		}
	}
}

func TestFormAction_LetsTheFormEndAtTheClient(t *testing.T) {
	for scheme, want := range map[string]string{
		"https":           "'self' https:",
		"http":            "'self' https: http:",
		"com.example.app": "'self' https: com.example.app:",
		"COM.Example.App": "'self' https: com.example.app:",
		"":                "'self'",
		"x; script-src *": "'self'",
		"1x":              "'self'",
	} {
		if got := formTo(scheme); got != want {
			t.Errorf("%q: got %s, want %s", scheme, got, want)
		}
	}
	h := newHouse(t, testIssuer)
	b := h.browser()
	for _, p := range []*shown{b.toLogin(), h.browser().toConsent()} {
		if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https: http:;") {
			t.Errorf("the form cannot end at %s: %s", webCallback, csp)
		}
	}
}

func TestLogin_SaysForWhomAndKeepsTheName(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	p := b.toLogin("login_hint", "alice@example.com")
	p.wantText(t, "<bdi>Demo web app</bdi>")
	p.wantText(t, `value="alice@example.com"`)
	for _, part := range []string{`<label for="username">`, `<label for="password">`, `autocomplete="username"`,
		`autocomplete="current-password"`, `autocapitalize="none"`} {
		p.wantText(t, part)
	}
	wrong := b.post("/login", p.form("username", "alice", "password", "wrong"))
	wrong.wantPage(t, 401)
	wrong.wantText(t, `id="problem" role="alert">Wrong username or password.`)
	wrong.wantText(t, `aria-describedby="problem"`)
	wrong.wantText(t, `name="username" value="alice"`)
	if strings.Contains(wrong.body, `"wrong"`) || strings.Contains(wrong.header.Get("Set-Cookie"), "session") {
		t.Fatalf("the password came back, or a session was made:\n%s", wrong.body)
	}
	unknown := b.post("/login", wrong.form("username", "nobody", "password", "wrong"))
	if unknown.status != wrong.status || strings.ReplaceAll(unknown.body, "nobody", "alice") != wrong.body {
		t.Fatalf("an unknown user looks different:\n%s\n%s", unknown.body, wrong.body)
	}
	if right := b.post("/login", unknown.form("username", "alice", "password", "alice-password")); right.status != 303 {
		t.Fatalf("got %d after the right password", right.status)
	}
}

func TestConsent_SaysWhoAsksForWhatAndWhereItGoes(t *testing.T) {
	h := newHouse(t, testIssuer)
	p := h.browser().toConsent("scope", "openid profile email offline_access orders:read")
	for _, text := range []string{"<bdi>Demo web app</bdi>", "<bdi>alice</bdi>", "<bdi>127.0.0.1:8085</bdi>", "Know who you are",
		"See your profile", "See your email address", "Stay connected", "<code>orders:read</code>", "Not you?"} {
		p.wantText(t, text)
	}
	t.Run("a native app is named by its scheme", func(t *testing.T) {
		h.client(&oauth.Client{ID: "native", AuthMethod: oauth.AuthNone, RedirectURIs: []string{"com.example.app:/cb"},
			GrantTypes: []oauth.GrantType{oauth.GrantAuthorizationCode}, Scope: oauth.Scope{"openid"}})
		b := h.browser()
		p := b.toConsent("client_id", "native", "redirect_uri", "com.example.app:/cb", "scope", "openid")
		p.wantText(t, "<bdi>com.example.app:</bdi>")
		if got := b.post("/consent", p.form("decision", "allow")).sentTo(t, "com.example.app:/cb"); got.Get("code") == "" {
			t.Fatalf("got %v", got)
		}
	})
}

func TestConsent_DeniedIsToldToTheClient(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	got := b.post("/consent", b.toConsent().form("decision", "deny")).sentTo(t, webCallback)
	if got.Get("error") != "access_denied" || got.Get("state") != "state-1" || got.Get("iss") != testIssuer || got.Has("code") {
		t.Fatalf("got %v", got)
	}
}

func TestConsent_NotYouSignsSomebodyElseIn(t *testing.T) {
	h := newHouse(t, testIssuer)
	if _, err := h.flows.CreateUser(t.Context(), &oauth.User{Username: "bob"}, "bob-password"); err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	consent := b.toConsent()
	alices := b.clone()
	link := regexp.MustCompile(`<a href="([^"]+)">Not you\?`).FindStringSubmatch(consent.body)
	if link == nil {
		t.Fatalf("no way to switch:\n%s", consent.body)
	}
	login := b.get(html.UnescapeString(link[1]))
	login.wantText(t, "<bdi>Demo web app</bdi>")
	p := b.post("/login", login.form("username", "bob", "password", "bob-password"))
	b.get(p.location()).wantText(t, "<bdi>bob</bdi>")
	alices.get("/login").wantText(t, `name="password"`) // her session ended with the switch
}

func TestInteraction_BackButtonFindsTheWayOn(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	form := b.toConsent().form("decision", "allow")
	interaction := form.Get("interaction")
	if p := b.get("/login?interaction=" + interaction); p.location() != "/consent?interaction="+interaction {
		t.Fatalf("back to the login: got %d to %q, want the consent page", p.status, p.location())
	}
	sent := b.post("/consent", form).location()
	for _, address := range []string{"/login?interaction=" + interaction, "/consent?interaction=" + interaction} {
		if p := b.get(address); p.location() != sent {
			t.Fatalf("back to %s: got %q, want %q", address, p.location(), sent)
		}
	}
	h.pass(time.Minute) // the code may have been used: it is not repeated
	p := b.get("/consent?interaction=" + interaction)
	p.wantPage(t, 404)
	p.wantText(t, "This sign-in is over")
}

func TestLogin_SecondClickIsNoError(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	form := b.toLogin().form("username", "alice", "password", "alice-password")
	second := b.clone()
	first := b.post("/login", form).location()
	if p := second.post("/login", form); p.location() != first {
		t.Fatalf("before the first answer came: got %d to %q, want %q", p.status, p.location(), first)
	}
	if p := b.post("/login", form); p.location() != first {
		t.Fatalf("after it: got %d to %q, want %q", p.status, p.location(), first)
	}
}

func TestPages_LivesUnderThePathOfTheIssuer(t *testing.T) {
	h := newHouse(t, "https://example.com/auth")
	b := h.browser()
	p := b.get(authorizeURL())
	if !strings.HasPrefix(p.location(), "/auth/login?interaction=") {
		t.Fatalf("got %d to %q", p.status, p.location())
	}
	b.get(strings.TrimPrefix(p.location(), "/auth")).wantText(t, `action="/auth/login"`)
}

func TestPages_OutageIsNoRefusal(t *testing.T) {
	redis := redistest.Start(t)
	client, err := redisx.Open(redisx.Config{Addresses: []string{redis.Addr}})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouseOn(t, testIssuer, redistore.New(client, "pages"))
	b := h.browser()
	consent := b.toConsent().form("decision", "allow")
	other := h.browser()
	login := other.toLogin().form("username", "alice", "password", "alice-password")
	interaction := login.Get("interaction")
	redis.Kill()
	for name, p := range map[string]*shown{
		"authorize":  b.get(authorizeURL()),
		"login page": other.get("/login?interaction=" + interaction),
		"login":      other.post("/login", login),
		"consent":    b.post("/consent", consent),
		"logout":     b.get("/logout"),
	} {
		t.Run(name, func(t *testing.T) {
			p.wantPage(t, 503)
			p.wantText(t, "Back in a moment")
			if p.header.Get("Retry-After") == "" {
				t.Fatal("the page does not say when to come back")
			}
		})
	}
	redis.Restart()
	deadline := time.Now().Add(10 * time.Second)
	for {
		if p := b.post("/consent", consent); p.status == 303 {
			if got := p.sentTo(t, webCallback); got.Get("code") == "" {
				t.Fatalf("got %v", got)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the sign-in does not go on when the store is back")
		}
		time.Sleep(50 * time.Millisecond)
	}
}
