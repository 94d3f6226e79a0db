package flows

import (
	"testing"

	"tollgate/flows/oauth"
)

// change replaces what web is registered for.
func (w *world) change(change func(*oauth.Client)) {
	w.t.Helper()
	c := must(w.GetClient(w.t.Context(), "web"))(w.t)
	change(c)
	must(w.UpdateClient(w.t.Context(), c))(w.t)
}

func TestConsent_OfAClientThatWasDeletedIsNotWidened(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	w.walk(b, request())
	w.replace("web")
	narrow := request()
	narrow.Scope = "openid"
	w.walk(b, narrow)
	if step := w.authorize(b, narrow); step.Next != NextRedirect {
		t.Errorf("what was agreed to now sends the browser to %q", step.Next)
	}
	if step := w.authorize(b, request()); step.Next != NextConsent {
		t.Errorf("what was agreed to for the client that was deleted sends the browser to %q", step.Next)
	}
}

func TestInteraction_OfAClientThatIsNoLongerTrustedSendsNobodyThere(t *testing.T) {
	for name, change := range map[string]func(*oauth.Client){
		"disabled":             func(c *oauth.Client) { c.Disabled = true },
		"another redirect URI": func(c *oauth.Client) { c.RedirectURIs = []string{"https://web.example/other"} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.newBrowser()
			asked := w.login(b, w.authorize(b, request()).Interaction)
			w.change(change)
			for _, allow := range []bool{false, true} {
				_, err := w.Consent(t.Context(), &ConsentRequest{Interaction: asked.Interaction, Browser: b.id, Session: b.session, Allow: allow})
				wantCode(t, err, oauth.CodeInvalidRequest)
			}
			if w.saw(EventConsentGiven) {
				t.Error("an answer is kept that nobody can use")
			}
		})
	}
}

func TestInteraction_IsOfTheClientThatBeganIt(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	asked := w.login(b, w.authorize(b, request()).Interaction)
	w.replace("web") // alice was not asked about the next one
	_, err := w.Consent(t.Context(), &ConsentRequest{Interaction: asked.Interaction, Browser: b.id, Session: b.session, Allow: true})
	wantCode(t, err, oauth.CodeInvalidRequest)
}

func TestLogout_SendsNobodyToAClientThatIsDisabled(t *testing.T) {
	w := newWorld(t)
	hint := w.tokens(w.newBrowser()).IDToken
	bye := LogoutRequest{IDTokenHint: hint, PostLogoutRedirectURI: "https://web.example/bye"}
	if s := must(w.Logout(t.Context(), &bye))(t); s.URL != bye.PostLogoutRedirectURI {
		t.Fatalf("%+v", s)
	}
	w.change(func(c *oauth.Client) { c.Disabled = true })
	_, err := w.Logout(t.Context(), &bye)
	wantCode(t, err, oauth.CodeInvalidRequest)
}

func TestToken_IsForTheAudienceThatTheClientHasNow(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	code := w.walk(b, request()).Get("code")
	const audience = "https://other.example"
	w.change(func(c *oauth.Client) { c.Audience = audience })
	check := func(r *TokenRequest) *TokenAnswer {
		t.Helper()
		r.Resource = audience // RFC 8707 2.2
		a := must(w.Token(t.Context(), r))(t)
		if _, err := w.Validate(t.Context(), w.cfg.Now(), []byte(a.AccessToken), "", audience); err != nil {
			t.Error("the token is not for the resource that was asked for: ", err)
		}
		return a
	}
	check(refresh(check(redeem(code)).RefreshToken))
}

func TestClients_AreAskedForAsOftenAsThoseThatThereAreNot(t *testing.T) {
	w := newWorld(t)
	off := must(w.GetClient(t.Context(), "demo-web"))(t)
	off.Disabled = true
	must(w.UpdateClient(t.Context(), off))(t)
	ask := &countedClients{Store: w.broken.Store}
	w.broken.Store = ask
	for _, id := range []string{"web", "demo-web", "demo-service"} {
		for name, call := range map[string]func() error{
			"authorize": func() error {
				_, err := w.Authorize(t.Context(), &AuthorizeRequest{ClientID: id, RedirectURI: "https://evil.example/"})
				return err
			},
			"log out": func() error {
				_, err := w.Logout(t.Context(), &LogoutRequest{ClientID: id, PostLogoutRedirectURI: "https://evil.example/"})
				return err
			},
		} {
			ask.fresh = 0
			wantCode(t, call(), oauth.CodeInvalidRequest)
			if ask.fresh != 1 { // row 397
				t.Errorf("%s, %s: the store itself was asked %d times, want once, as of one who is unknown", name, id, ask.fresh)
			}
		}
	}
}
