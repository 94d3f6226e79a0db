package server

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

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
		changed := url.Values{"id_token_hint": {tokens["id_token"][:len(tokens["id_token"])-8] + "AAAAAAAA"}}
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
