package flows

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// everything makes every event happen once at least, and returns the secrets that were about.
func everything(t *testing.T, w *world, ctx context.Context) (secrets []string) {
	t.Helper()
	must(w.CreateUser(ctx, &oauth.User{Username: "bob"}, "canary-password-1"))(t)
	client, secret, err := w.CreateClient(ctx, &oauth.Client{
		ID: "shop", AuthMethod: oauth.AuthAnySecret, GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}, Scope: oauth.Scope{"orders:read"},
	})
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, "canary-password", secret, "web-secret", DemoPassword)
	must(w.SetPassword(ctx, "bob", "canary-password-2"))(t)
	must(w.SetUserDisabled(ctx, "bob", true))(t)

	b := w.newBrowser()
	for _, name := range []string{DemoUser, "canary-nobody"} { // 'canary-nobody' is a secret typed into the wrong field
		if _, _, err := w.Login(ctx, &LoginRequest{Browser: b.id, Username: name, Password: "canary-wrong"}); err != ErrWrongPassword {
			t.Fatal(err)
		}
		w.LoginLocked(ctx, name)
	}
	secrets = append(secrets, "canary-nobody", "canary-wrong")

	r := request()
	r.Browser = b.id
	step := w.login(b, must(w.Authorize(ctx, r))(t).Interaction)
	must(w.Consent(ctx, &ConsentRequest{Interaction: step.Interaction, Browser: b.id, Session: b.session}))(t)
	secrets = append(secrets, b.id, b.session, step.Interaction)

	first := w.walk(b, request()).Get("code")
	a := must(w.Token(ctx, redeem(first)))(t)
	second := must(w.Token(ctx, refresh(a.RefreshToken)))(t)
	must(w.Token(ctx, refresh(a.RefreshToken)))(t) // replayed
	w.pass(time.Minute)
	_, err = w.Token(ctx, refresh(a.RefreshToken)) // reused
	wantCode(t, err, oauth.CodeInvalidGrant)
	secrets = append(secrets, first, a.AccessToken, a.IDToken, a.RefreshToken, second.AccessToken, second.RefreshToken)

	code := w.walk(b, request()).Get("code")
	c := must(w.Token(ctx, redeem(code)))(t)
	if err := w.Revoke(ctx, &RevokeRequest{Client: asWeb, Token: c.AccessToken}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Token(ctx, redeem(code))
	wantCode(t, err, oauth.CodeInvalidGrant)
	d := w.tokens(b)
	if err := w.Revoke(ctx, &RevokeRequest{Client: asWeb, Token: d.RefreshToken}); err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, code, c.AccessToken, c.RefreshToken, d.AccessToken, d.RefreshToken)

	wrong := redeem("canary-code")
	wrong.Client = basic("canary-client", "canary-secret")
	_, err = w.Token(ctx, wrong)
	wantCode(t, err, oauth.CodeInvalidClient)
	w.AdminRefused(ctx)
	secrets = append(secrets, "canary-code", "canary-client", "canary-secret")

	for _, holder := range [][2]string{{DemoUser, "web"}, {DemoUser, ""}, {"", "shop"}} {
		if err := w.RevokeGrants(ctx, holder[0], holder[1]); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, w.RevokeGrants(ctx, DemoUser, "canary-unregistered"), oauth.CodeNotFound)
	secrets = append(secrets, "canary-unregistered")
	if _, err := w.Logout(ctx, &LogoutRequest{Session: w.signIn(b), Confirmed: true}); err != nil {
		t.Fatal(err)
	}
	if err := w.DeleteClient(ctx, client.ID); err != nil {
		t.Fatal(err)
	}
	w.KeyChanged(ctx, keys.EventPublished, "kid-1")
	w.KeyChanged(ctx, keys.EventRevoked, "kid-1")
	w.KeyChanged(ctx, keys.EventReset, "")
	return secrets
}

// signIn begins a session outside any authorization and returns its cookie.
func (w *world) signIn(b *browser) string {
	w.t.Helper()
	w.pass(time.Second) // past the last cut-off
	w.login(b, "")
	return b.session
}

func TestEvents_EverythingIsOneAndNoneCarriesASecret(t *testing.T) {
	w := newWorld(t)
	before := len(w.events)
	ctx := WithOrigin(t.Context(), Origin{RequestID: "request-1", Addr: netip.MustParseAddr("203.0.113.7")})
	secrets := everything(t, w, ctx)
	details := []string{"", "created", "updated", "deleted", "disabled", "enabled", "password set", "secret rotated", "revoked", "by an operator",
		"consent withdrawn", "all of the user", "all of the client", "grants ended", "no longer stands", "published", "revoked", "reset",
		"unknown client", "unknown user", "wrong password"}
	for _, e := range w.events[before:] {
		text := string(must(json.Marshal(e))(t))
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds the secret %s", text, secret)
			}
		}
		if !slices.Contains(details, e.Detail) {
			t.Errorf("%q is none of the fixed words", e.Detail)
		}
		if e.Node = "n"; !e.Valid() {
			t.Errorf("readers would refuse %s", text)
		}
	}
	for _, eventType := range EventTypes() {
		if !w.saw(eventType) {
			t.Errorf("%s never happened", eventType)
		}
		if !slices.ContainsFunc(w.events, func(e Event) bool {
			return e.Type == eventType && e.RequestID == "request-1" && e.RemoteAddr == "203.0.113.7"
		}) && eventType != EventLogin && eventType != EventConsentGiven { // which happened without it here
			t.Errorf("%s does not name its request", eventType)
		}
	}
}

func TestLoginLocked_NamesAUserAndNothingElse(t *testing.T) {
	w := newWorld(t)
	alice := must(w.GetUser(t.Context(), DemoUser))(t)
	for name, subject := range map[string]string{DemoUser: alice.Subject, "nobody": ""} {
		w.events = nil
		w.LoginLocked(t.Context(), name)
		if len(w.events) != 1 || w.events[0].Subject != subject {
			t.Errorf("%s: %+v", name, w.events)
		}
	}
}

func TestLogout_NamesTheClientThatSentThePerson(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		ask    func(idToken string) LogoutRequest
		client string
	}{
		"by id_token_hint":         {func(idToken string) LogoutRequest { return LogoutRequest{IDTokenHint: idToken} }, "web"},
		"by client_id":             {func(string) LogoutRequest { return LogoutRequest{ClientID: "web", Confirmed: true} }, "web"},
		"who is nobody registered": {func(string) LogoutRequest { return LogoutRequest{ClientID: "unheard-of", Confirmed: true} }, ""},
		"or nobody did":            {func(string) LogoutRequest { return LogoutRequest{Confirmed: true} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.newBrowser()
			r := c.ask(w.tokens(b).IDToken)
			r.Session, w.events = b.session, nil
			must(w.Logout(t.Context(), &r))(t)
			if len(w.events) != 1 || w.events[0].Type != EventLogout || w.events[0].ClientID != c.client || w.events[0].Subject == "" {
				t.Errorf("%+v", w.events)
			}
		})
	}
}

// Row 393: what names a client in the event must not be told by how long the answer takes.
func TestClientRefused_NamesOnlyWhoIsRegistered(t *testing.T) {
	w := newWorld(t)
	ask := &countedClients{Store: w.broken.Store}
	w.broken.Store = ask
	must(w.UpdateClient(t.Context(), func() *oauth.Client {
		c, _, err := w.CreateClient(t.Context(), &oauth.Client{ID: "off", GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}})
		if err != nil {
			t.Fatal(err)
		}
		c.Disabled = true
		return c
	}()))(t)
	for _, c := range []struct {
		credentials clientauth.Credentials
		client      string
		why         clientauth.Reason
	}{
		{basic("web", "wrong"), "web", clientauth.ReasonSecret},
		{basic("web", ""), "web", clientauth.ReasonNoSecret},
		{clientauth.Credentials{ID: "web"}, "web", clientauth.ReasonNoSecret},
		{basic("demo-spa", "any"), "demo-spa", clientauth.ReasonMethod},
		{basic("off", "any"), "off", clientauth.ReasonDisabled},
		{basic("webb", "wrong"), "", clientauth.ReasonUnknown},
		{basic("", ""), "", clientauth.ReasonUnknown},
		{basic("web\r\n{\"client\":\"x\"}", "wrong"), "", clientauth.ReasonUnknown},
		{clientauth.Credentials{Basic: true, BasicBad: true}, "", clientauth.ReasonMalformed},
		{clientauth.Credentials{ID: "web", Assertion: true}, "", clientauth.ReasonAssertion},
	} {
		w.events, ask.fresh = nil, 0
		_, err := w.Token(t.Context(), &TokenRequest{Client: c.credentials, GrantType: "client_credentials"})
		wantCode(t, err, oauth.CodeInvalidClient)
		if len(w.events) != 1 || w.events[0].ClientID != c.client || w.events[0].Detail != c.why.String() {
			t.Errorf("%+v: %+v, want %q, %s", c.credentials, w.events, c.client, c.why)
		}
		if registered := c.client != ""; registered && ask.fresh != 1 {
			t.Errorf("%+v: the store itself was asked %d times, want once, as of one who is unknown", c.credentials, ask.fresh)
		}
	}
	w.events = nil
	if _, err := w.Introspect(t.Context(), &IntrospectRequest{Client: clientauth.Credentials{ID: "demo-spa"}, Tokens: []string{"x"}}); err == nil || len(w.events) != 1 || w.events[0].Detail != clientauth.ReasonPublic.String() {
		t.Errorf("a public client that introspects: %v, %+v", err, w.events)
	}
}

// countedClients counts how often the store itself is asked for a client.
type countedClients struct {
	store.Store
	fresh int
}

func (c *countedClients) GetClient(ctx context.Context, id string) (*oauth.Client, error) {
	if store.IsFresh(ctx) {
		c.fresh++
	}
	return c.Store.GetClient(ctx, id)
}

// Only who can write to the store can make such a record; nothing of it may reach a line raw.
func TestEvents_AnIdThatWasTamperedWithIsToldHarmlessly(t *testing.T) {
	w := newWorld(t)
	w.events = nil
	w.emitGrant(t.Context(), EventTokenRevoked, &oauth.Grant{ClientID: "a\r\nb\x1b[31m\u202e", Subject: strings.Repeat("s", 1000)}, "")
	if len(w.events) != 1 || !w.events[0].Valid() || w.events[0].ClientID != "a??b?[31m?" {
		t.Errorf("%+v", w.events)
	}
}
