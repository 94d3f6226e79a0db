package flows

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

func confidential(id string) *oauth.Client {
	return &oauth.Client{ID: id, Name: "Shop", GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}, Scope: oauth.Scope{"a"}}
}

func TestClients_SecretIsShownOnceAndRotates(t *testing.T) {
	w := newWorld(t)
	c, secret, err := w.CreateClient(t.Context(), confidential(""))
	if err != nil || len(secret) != 43 || !strings.HasPrefix(c.ID, "cl_") {
		t.Fatal(c, secret, err)
	}
	use := func(secret string) error {
		_, err := w.Token(t.Context(), &TokenRequest{Client: basic(c.ID, secret), GrantType: "client_credentials"})
		return err
	}
	if err := use(secret); err != nil {
		t.Fatal(err)
	}
	_, second, err := w.RotateSecret(t.Context(), c.ID)
	if err != nil || use(second) != nil {
		t.Fatal(err)
	}
	wantCode(t, use(secret), oauth.CodeInvalidClient)
	_, _, err = w.RotateSecret(t.Context(), "demo-spa")
	wantCode(t, err, oauth.CodeInvalidRequest)
}

func TestClients_BadRegistrationsAreRefused(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*oauth.Client){
		"user namespace":         func(c *oauth.Client) { c.ID = "usr_x" }, // row 159
		"control characters":     func(c *oauth.Client) { c.ID = "a\r\nb" },
		"name that turns text":   func(c *oauth.Client) { c.Name = "Bank\u202egnp" },
		"unknown grant":          func(c *oauth.Client) { c.GrantTypes = []oauth.GrantType{"password"} },
		"public with secret use": func(c *oauth.Client) { c.AuthMethod = oauth.AuthNone },
		"code without redirect":  func(c *oauth.Client) { c.GrantTypes = []oauth.GrantType{oauth.GrantAuthorizationCode} },
		"redirect with fragment": func(c *oauth.Client) { c.RedirectURIs = []string{"https://a.example/#x"} },
		"unknown algorithm":      func(c *oauth.Client) { c.SigningAlg = "HS256" },
		"scope with space":       func(c *oauth.Client) { c.Scope = oauth.Scope{"a b"} },
		"method":                 func(c *oauth.Client) { c.AuthMethod = "tls_client_auth" },
	} {
		c := confidential("shop")
		change(c)
		if _, _, err := w.CreateClient(t.Context(), c); err == nil || oauth.AsError(err).Code != oauth.CodeInvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := w.CreateClient(t.Context(), confidential(DemoUser)) // row 159: alice's subject
	wantCode(t, err, oauth.CodeConflict)
	_, _, err = w.CreateClient(t.Context(), confidential("demo-web"))
	wantCode(t, err, oauth.CodeConflict)
}

func TestClients_UpdateIsNeverLost(t *testing.T) {
	w := newWorld(t)
	a, b := must(w.GetClient(t.Context(), "web"))(t), must(w.GetClient(t.Context(), "web"))(t)
	a.Name = "first"
	if a = must(w.UpdateClient(t.Context(), a))(t); a.Version != 2 {
		t.Errorf("version %d", a.Version)
	}
	b.Name = "second"
	_, err := w.UpdateClient(t.Context(), b) // row 373
	wantCode(t, err, oauth.CodePrecondition)
	a.SecretHash = nil // cannot be set from outside
	must(w.UpdateClient(t.Context(), a))(t)
	must(w.Token(t.Context(), redeem(w.walk(w.newBrowser(), request()).Get("code"))))(t)
	a.Version, a.AuthMethod = 3, oauth.AuthNone
	spa := must(w.GetClient(t.Context(), "demo-spa"))(t)
	spa.AuthMethod = oauth.AuthAnySecret
	_, err = w.UpdateClient(t.Context(), spa)
	wantCode(t, err, oauth.CodeInvalidRequest)
}

func TestClients_EnablingBringsNothingBack(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	w.pass(time.Second)
	for _, disabled := range []bool{true, false} {
		c := must(w.GetClient(t.Context(), "web"))(t)
		c.Disabled = disabled
		must(w.UpdateClient(t.Context(), c))(t)
	}
	w.wantActive(false, a.AccessToken, a.RefreshToken)
	w.pass(w.ahead() + time.Second)
	b := w.tokens(w.newBrowser())
	w.wantActive(true, b.AccessToken, b.RefreshToken)
}

// Whoever enables what was disabled a moment ago learns from when it is good for something.
func TestEnabling_TellsFromWhen(t *testing.T) {
	w := newWorld(t)
	c := must(w.GetClient(t.Context(), "web"))(t)
	u := must(w.GetUser(t.Context(), DemoUser))(t)
	tells := func(want bool) (user, client time.Time) {
		t.Helper()
		user, client = w.UserUsableFrom(t.Context(), u), w.ClientUsableFrom(t.Context(), c)
		if user.IsZero() == want || client.IsZero() == want {
			t.Errorf("user %s, client %s, want %t", user, client, want)
		}
		return user, client
	}
	tells(false)
	for _, disabled := range []bool{true, false} {
		u = must(w.SetUserDisabled(t.Context(), DemoUser, disabled))(t)
		c.Disabled = disabled
		c = must(w.UpdateClient(t.Context(), c))(t)
		if disabled {
			tells(false) // there is no such moment
		}
	}
	user, client := tells(true)
	last := user
	if client.After(user) {
		last = client
	}
	if wait := last.Sub(w.now()); wait > w.ahead()+2*time.Second {
		t.Errorf("it takes %s", wait)
	}
	w.pass(last.Sub(w.now()))
	tells(false)
	a := w.tokens(w.newBrowser())
	w.wantActive(true, a.AccessToken, a.RefreshToken)
}

func TestUsers_LifeOfAnAccount(t *testing.T) {
	w := newWorld(t)
	u := must(w.CreateUser(t.Context(), &oauth.User{Username: "bob", Email: "bob@example.com"}, "bob-password"))(t)
	if !strings.HasPrefix(u.Subject, oauth.SubjectPrefix) || u.Version != 1 {
		t.Errorf("%+v", u)
	}
	_, err := w.CreateUser(t.Context(), &oauth.User{Username: "bob"}, "bob-password")
	wantCode(t, err, oauth.CodeConflict)
	for _, name := range []string{"", "Bob", "b b", "bøb", "bob\n", strings.Repeat("b", 129)} { // row 48
		_, err := w.CreateUser(t.Context(), &oauth.User{Username: name}, "bob-password")
		wantCode(t, err, oauth.CodeInvalidRequest)
	}
	login := func(password string) error {
		_, _, err := w.Login(t.Context(), &LoginRequest{Browser: w.NewBrowser(), Username: "bob", Password: password})
		return err
	}
	must(w.SetPassword(t.Context(), "bob", "new-password"))(t)
	if err := login("bob-password"); err != ErrWrongPassword {
		t.Errorf("the old password: %v", err)
	}
	if err := login("new-password"); err != nil {
		t.Errorf("the new password: %v", err)
	}
	users, next, err := w.ListUsers(t.Context(), "", 10)
	if err != nil || next != "" || len(users) != 2 {
		t.Errorf("%v %q %v", users, next, err)
	}
	if err := w.DeleteUser(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	_, err = w.GetUser(t.Context(), "bob")
	wantCode(t, err, oauth.CodeNotFound)
	wantCode(t, w.DeleteUser(t.Context(), "bob"), oauth.CodeNotFound)
}

func TestGrants_AreListedAndEnded(t *testing.T) {
	w := newWorld(t)
	a, b := w.tokens(w.newBrowser()), w.tokens(w.newBrowser())
	list := func() []GrantInfo {
		t.Helper()
		grants, _, err := w.ListGrants(t.Context(), DemoUser, "web", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return grants
	}
	grants := list()
	if len(grants) != 2 || !grants[0].Refreshable || grants[0].ClientID != "web" {
		t.Fatalf("%+v", grants)
	}
	first := must(w.Validate(t.Context(), w.cfg.Now(), []byte(a.AccessToken), "", ""))(t).Claims.Grant
	if err := w.RevokeGrantByID(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	w.wantActive(false, a.AccessToken, a.RefreshToken)
	w.wantActive(true, b.AccessToken, b.RefreshToken)
	wantCode(t, w.RevokeGrantByID(t.Context(), first), oauth.CodeNotFound)
	if len(list()) != 1 {
		t.Error("an ended grant is listed")
	}
	_, _, err := w.ListGrants(t.Context(), "", "", "", 10)
	wantCode(t, err, oauth.CodeInvalidRequest)
}

// A slip in an emergency must not look like success.
func TestGrants_OfNobodyAreNotFound(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	for _, who := range []struct{ username, clientID string }{
		{"", "wbe"}, {"alcie", ""}, {DemoUser, "wbe"}, {"alcie", "web"},
	} {
		_, _, err := w.ListGrants(t.Context(), who.username, who.clientID, "", 10)
		wantCode(t, err, oauth.CodeNotFound)
		wantCode(t, w.RevokeGrants(t.Context(), who.username, who.clientID), oauth.CodeNotFound)
	}
	wantCode(t, w.RevokeGrants(t.Context(), "", ""), oauth.CodeInvalidRequest)
	w.wantActive(true, a.AccessToken, a.RefreshToken)

	w.broken.fail(errors.New("gone"))
	wantCode(t, w.RevokeGrants(t.Context(), "", "web"), oauth.CodeTemporarilyUnavailable)
}

func TestGrants_EndOnlyOnce(t *testing.T) {
	w := newWorld(t)
	for name, end := range map[string]func(oauth.GrantID) error{
		"by its id":         func(id oauth.GrantID) error { return w.RevokeGrantByID(t.Context(), id) },
		"with its user":     func(oauth.GrantID) error { return w.RevokeGrants(t.Context(), DemoUser, "") },
		"with its client":   func(oauth.GrantID) error { return w.RevokeGrants(t.Context(), "", "web") },
		"with its consent":  func(oauth.GrantID) error { return w.RevokeGrants(t.Context(), DemoUser, "web") },
		"with the password": func(oauth.GrantID) error { _, err := w.SetPassword(t.Context(), DemoUser, DemoPassword); return err },
	} {
		t.Run(name, func(t *testing.T) {
			w.pass(time.Second)
			a := w.tokens(w.newBrowser())
			grant := must(w.Validate(t.Context(), w.cfg.Now(), []byte(a.AccessToken), "", ""))(t).Claims.Grant
			if err := end(grant); err != nil {
				t.Fatal(err)
			}
			wantCode(t, w.RevokeGrantByID(t.Context(), grant), oauth.CodeNotFound)
			if left, _, err := w.ListGrants(t.Context(), DemoUser, "", "", 10); err != nil || len(left) != 0 {
				t.Errorf("an ended grant is listed: %+v, %v", left, err)
			}
		})
	}
}

func TestTokens_OperatorsSeeAndEndAny(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	for _, tok := range []string{a.AccessToken, a.RefreshToken} {
		if info := must(w.InspectToken(t.Context(), tok))(t); !info.Active || info.Problem != "" {
			t.Errorf("%+v", info)
		}
		if err := w.RevokeAnyToken(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		if info := must(w.InspectToken(t.Context(), tok))(t); info.Active || info.Problem == "" {
			t.Errorf("%+v", info)
		}
	}
	wantCode(t, w.RevokeAnyToken(t.Context(), "junk"), oauth.CodeInvalidRequest)
}

// In an incident an operator must not take tokens of a revoked key for somebody else's. Clients learn nothing.
func TestTokens_OfARevokedKeySaySoToOperatorsOnly(t *testing.T) {
	w := newWorld(t)
	tok := w.accessToken()
	if err := w.keys.Revoke(t.Context(), w.keys.Snapshot().Active(oauth.EdDSA).KID); err != nil {
		t.Fatal(err)
	}
	const want = "it names a signing key that was revoked, and everything such a key has signed is refused"
	if info := must(w.InspectToken(t.Context(), tok))(t); info.Active || info.Problem != want {
		t.Errorf("%+v", info)
	}
	if info := must(w.InspectToken(t.Context(), "junk."+tok))(t); info.Active || info.Problem == want {
		t.Errorf("%+v", info)
	}
	answers := must(w.Introspect(t.Context(), &IntrospectRequest{Client: asGateway, Tokens: []string{tok, "junk"}}))(t)
	if answers[0] != (Introspection{}) || answers[1] != answers[0] {
		t.Errorf("introspection tells them apart: %+v", answers)
	}
}

func TestConfig_RetiredKeysOutliveWhatTheySigned(t *testing.T) {
	for _, c := range []Config{{AccessTTL: time.Minute}, {AccessTTL: time.Hour}, {IDTokenTTL: 2 * time.Hour}} {
		if keep := c.KeepRetiredKeys(); keep < 10*time.Minute || keep < c.AccessTTL || keep < c.IDTokenTTL {
			t.Errorf("%+v: %v", c, keep)
		}
	}
}
