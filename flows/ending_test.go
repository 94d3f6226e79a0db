package flows

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tollgate/cache"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

func TestEnding_ThatStoppedHalfWayCanBeRepeated(t *testing.T) {
	for name, end := range map[string]func(w *world) error{
		"row 168: user disabled":  func(w *world) error { _, err := w.SetUserDisabled(w.t.Context(), DemoUser, true); return err },
		"row 239: user deleted":   func(w *world) error { return w.DeleteUser(w.t.Context(), DemoUser) },
		"row 343: client deleted": func(w *world) error { return w.DeleteClient(w.t.Context(), "web") },
		"row 141: client disabled": func(w *world) error {
			c := must(w.GetClient(w.t.Context(), "web"))(w.t)
			c.Disabled = true
			_, err := w.UpdateClient(w.t.Context(), c)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.newBrowser()
			a := w.tokens(b)
			w.pass(time.Second)
			w.broken.failCut = 1
			wantCode(t, end(w), oauth.CodeTemporarilyUnavailable)
			w.wantActive(false, a.RefreshToken) // the record says so already
			if err := end(w); err != nil {
				t.Fatalf("repeated: %v", err)
			}
			w.wantActive(false, a.AccessToken, a.RefreshToken)
			if name := must(w.SignedIn(t.Context(), b.session))(t); name != "" && !strings.Contains(t.Name(), "client") {
				t.Errorf("%s is still signed in", name)
			}
		})
	}
}

func TestEnding_NeedsNoCutOffToEndSessionsAndGrants(t *testing.T) {
	for name, end := range map[string]func(w *world) error{
		"password":       func(w *world) error { _, err := w.SetPassword(w.t.Context(), DemoUser, "another-password"); return err },
		"user disabled":  func(w *world) error { _, err := w.SetUserDisabled(w.t.Context(), DemoUser, true); return err },
		"user's grants":  func(w *world) error { return w.RevokeGrants(w.t.Context(), DemoUser, "") },
		"client's":       func(w *world) error { return w.RevokeGrants(w.t.Context(), "", "web") },
		"client deleted": func(w *world) error { return w.DeleteClient(w.t.Context(), "web") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.newBrowser()
			a := w.tokens(b)
			old := must(w.GetClient(t.Context(), "web"))(t)
			w.pass(-3 * time.Second) // the node that ends it has a slower clock: no cut-off reaches the grant
			if err := end(w); err != nil {
				t.Fatal(err)
			}
			if name == "client deleted" {
				w.register(old) // the same id, another life
			}
			w.pass(3 * time.Second)
			_, err := w.Token(t.Context(), refresh(a.RefreshToken))
			wantCode(t, err, oauth.CodeInvalidGrant)
			if strings.Contains(name, "client") {
				return
			}
			if name := must(w.SignedIn(t.Context(), b.session))(t); name != "" {
				t.Errorf("%s is still signed in", name)
			}
		})
	}
}

func TestEnding_ReachesTokensOfNodesWhoseClocksAreAhead(t *testing.T) {
	for name, end := range map[string]func(w *world) error{
		"user disabled":  func(w *world) error { _, err := w.SetUserDisabled(w.t.Context(), DemoUser, true); return err },
		"client deleted": func(w *world) error { return w.DeleteClient(w.t.Context(), "web") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.tokens(w.newBrowser())
			w.pass(-29 * time.Second) // from here on as a node that is that far behind
			w.wantActive(true, a.AccessToken)
			if err := end(w); err != nil {
				t.Fatal(err)
			}
			w.wantActive(false, a.AccessToken)
		})
	}
}

func TestEnding_IsRememberedLongerThanAnyTokenLives(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.AccessTTL = time.Second })
	grant := token.NewGrantID()
	long := must(token.MintAccess(w.keys.Snapshot().Active(oauth.EdDSA), &token.Access{ // by a node of another configuration
		Issuer: issuer, Subject: DemoUser, Audience: issuer + "/resources", ClientID: "web", Scope: "openid", ID: token.NewTokenID(grant, w.now()),
		IssuedAt: w.now().Unix(), Expires: w.now().Add(time.Hour).Unix(),
	}))(t)
	if err := w.store.RevokeGrant(t.Context(), grant, w.tokensEnd()); err != nil {
		t.Fatal(err)
	}
	w.wantActive(false, long)
	w.pass(59 * time.Minute)
	w.wantActive(false, long)
}

func TestEnding_RefreshTTLOfTheNodeThatIsAskedCounts(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	w.cfg.RefreshTTL = time.Hour // lowered since
	w.pass(61 * time.Minute)
	_, err := w.Token(t.Context(), refresh(a.RefreshToken))
	wantCode(t, err, oauth.CodeInvalidGrant)
}

func TestConsent_WithdrawnBeforeTheCodeIsRedeemed(t *testing.T) {
	w := newWorld(t)
	code := w.walk(w.newBrowser(), request()).Get("code")
	if err := w.RevokeGrants(t.Context(), DemoUser, "web"); err != nil {
		t.Fatal(err)
	}
	_, err := w.Token(t.Context(), redeem(code)) // row 168
	wantCode(t, err, oauth.CodeInvalidGrant)
}

func TestConsent_ClientChangedWhileThePersonWasAsked(t *testing.T) {
	for name, change := range map[string]func(*oauth.Client){
		"redirect URI": func(c *oauth.Client) { c.RedirectURIs = []string{"https://new.example/cb"} },
		"scope":        func(c *oauth.Client) { c.Scope = oauth.Scope{"openid"} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.newBrowser()
			step := w.login(b, w.authorize(b, request()).Interaction)
			c := must(w.GetClient(t.Context(), "web"))(t)
			change(c)
			must(w.UpdateClient(t.Context(), c))(t)
			step, err := w.Consent(t.Context(), &ConsentRequest{Interaction: step.Interaction, Browser: b.id, Session: b.session, Allow: true})
			if name == "redirect URI" {
				wantCode(t, err, oauth.CodeInvalidRequest)
				return
			}
			if q := answer(t, must(step, err)(t)); q.Get("error") != "invalid_scope" {
				t.Errorf("%v", q)
			}
		})
	}
}

func TestRefresh_NeverGivesWhatTheClientHasLost(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	c := must(w.GetClient(t.Context(), "web"))(t)
	c.Scope = c.Scope.Without("orders:read")
	must(w.UpdateClient(t.Context(), c))(t)
	b := must(w.Token(t.Context(), refresh(a.RefreshToken)))(t)
	if strings.Contains(b.Scope, "orders:read") {
		t.Errorf("scope %q", b.Scope)
	}
	r := refresh(b.RefreshToken)
	r.Scope = "orders:read"
	_, err := w.Token(t.Context(), r)
	wantCode(t, err, oauth.CodeInvalidScope)
}

func TestAuthorize_NonceThatNoTokenCarriesIsRefusedAtOnce(t *testing.T) {
	w := newWorld(t)
	r := request()
	r.Nonce = "a\tb"
	if q := answer(t, w.authorize(w.newBrowser(), r)); q.Get("error") != "invalid_request" {
		t.Errorf("%v", q)
	}
}

func TestToken_LargestClientStillGetsTokens(t *testing.T) {
	w := newWorld(t)
	c := confidential("large")
	c.Audience = "https://" + strings.Repeat("a", 248)
	c.Scope = nil
	for i := range 63 {
		c.Scope = append(c.Scope, fmt.Sprintf("%s%02d", strings.Repeat("s", 13), i))
	}
	c.SigningAlg = oauth.RS256
	created, secret, err := w.CreateClient(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	a := must(w.Token(t.Context(), &TokenRequest{Client: basic(created.ID, secret), GrantType: "client_credentials"}))(t)
	w.wantActive(true, a.AccessToken)
	c.ID, c.Scope = "larger", append(c.Scope, strings.Repeat("s", 1000))
	_, _, err = w.CreateClient(t.Context(), c)
	wantCode(t, err, oauth.CodeInvalidRequest)
}

func TestToken_StrangersCannotUseUpAClientsRate(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.PerClient = cache.Rate{PerSecond: 0.1, Burst: 1} })
	for range 2 {
		_, err := w.Token(t.Context(), &TokenRequest{Client: asSPA, GrantType: "refresh_token", RefreshToken: "x"}) // row 142
		wantCode(t, err, oauth.CodeInvalidGrant)
		_, err = w.Token(t.Context(), &TokenRequest{Client: basic("demo-service", "wrong"), GrantType: "client_credentials"})
		wantCode(t, err, oauth.CodeInvalidClient)
	}
	must(w.Token(t.Context(), service()))(t)
	_, err := w.Token(t.Context(), service())
	wantCode(t, err, oauth.CodeTooManyRequests)
}

func TestIntrospect_ForgedHeadersDoNotSlowDownTheRest(t *testing.T) {
	w := newWorld(t)
	a := must(w.Token(t.Context(), service()))(t)
	header, rest, _ := strings.Cut(a.AccessToken, ".")
	tokens := []string{a.AccessToken}
	for i := range 99 { // row 213: another kid each, of our own shape
		kid := []byte(header)
		kid[40+i%8] = byte('A' + i%26)
		tokens = append(tokens, string(kid)+"."+rest)
	}
	began := time.Now()
	answers := w.introspect(asGateway, tokens...)
	if !answers[0].Active || time.Since(began) > time.Second {
		t.Errorf("active %v after %v", answers[0].Active, time.Since(began))
	}
}

func TestValidate_StoreLossRevivesNothing(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.AllowStale = 30 * time.Second })
	gone, good := must(w.Token(t.Context(), service()))(t), must(w.Token(t.Context(), service()))(t)
	if err := w.Revoke(t.Context(), &RevokeRequest{Client: service().Client, Token: gone.AccessToken}); err != nil {
		t.Fatal(err)
	}
	w.wantActive(false, gone.AccessToken)
	w.wantActive(true, good.AccessToken)
	w.broken.fail(errors.New("gone")) // row 271
	_, err := w.Validate(t.Context(), w.cfg.Now(), []byte(gone.AccessToken), "", "")
	wantCode(t, err, oauth.CodeInvalidToken)
	must(w.Validate(t.Context(), w.cfg.Now(), []byte(good.AccessToken), "", ""))(t)
	w.broken.fail(store.ErrReset) // row 229
	_, err = w.Validate(t.Context(), w.cfg.Now(), []byte(good.AccessToken), "", "")
	wantCode(t, err, oauth.CodeTemporarilyUnavailable)
}
