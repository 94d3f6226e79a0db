package flows

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

func TestAuthorize_UntrustedRequestsGetAPage(t *testing.T) {
	w := newWorld(t)
	w.register(&oauth.Client{ID: "two", SecretHash: []byte("x"), GrantTypes: []oauth.GrantType{oauth.GrantAuthorizationCode}, Scope: oauth.Scope{"openid"}, RedirectURIs: []string{webRedirect, webRedirect + "2"}})
	check := func(name string, change func(*AuthorizeRequest)) {
		t.Run(name, func(t *testing.T) {
			r := request()
			r.Browser = w.NewBrowser()
			change(r)
			step, err := w.Authorize(t.Context(), r)
			if step != nil {
				t.Fatalf("a step %+v", step)
			}
			wantCode(t, err, oauth.CodeInvalidRequest)
		})
	}
	check("row 61: unknown client", func(r *AuthorizeRequest) { r.ClientID = "nobody" })
	check("row 62: no client", func(r *AuthorizeRequest) { r.ClientID = "" })
	check("row 63: no redirect_uri of two", func(r *AuthorizeRequest) { r.ClientID = "two"; r.RedirectURI = "" })
	check("row 64: unregistered", func(r *AuthorizeRequest) { r.RedirectURI = "https://evil.example/" })
	check("row 81: other port of a confidential client", func(r *AuthorizeRequest) { r.ClientID = "demo-web"; r.RedirectURI = "http://127.0.0.1:9/callback" })
	check("row 112: endless state", func(r *AuthorizeRequest) { r.State = strings.Repeat("x", 4097) })

	unknown := request()
	unknown.ClientID = "nobody"
	_, a := w.Authorize(t.Context(), unknown)
	wrong := request()
	wrong.RedirectURI = "https://evil.example/"
	_, b := w.Authorize(t.Context(), wrong)
	if x, y := oauth.AsError(a), oauth.AsError(b); x.Code != y.Code || x.Description != y.Description {
		t.Errorf("row 397: %v is told apart from %v", a, b)
	}
	if errors.Is(a, ErrWrongRedirect) || !errors.Is(b, ErrWrongRedirect) {
		t.Errorf("the log cannot tell %v from %v", a, b)
	}
}

func TestAuthorize_ErrorsGoBackToTheClient(t *testing.T) {
	w := newWorld(t)
	w.register(&oauth.Client{ID: "nocode", SecretHash: []byte("x"), Scope: oauth.Scope{"openid"}, RedirectURIs: []string{webRedirect}})
	check := func(name string, want oauth.Code, change func(*AuthorizeRequest)) {
		t.Run(name, func(t *testing.T) {
			r := request()
			r.State = "a b&c=d\r\n<é" // rows 112, 113: byte for byte
			change(r)
			step := w.authorize(w.newBrowser(), r)
			q := answer(t, step)
			if q.Get("error") != string(want) || q.Get("state") != r.State || !strings.HasPrefix(step.URL, webRedirect+"?") {
				t.Errorf("sent to %s, want %s", step.URL, want)
			}
		})
	}
	check("row 89: no response_type", oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.ResponseType = "" })
	check("row 89: response_type token", oauth.CodeUnsupportedResponseType, func(r *AuthorizeRequest) { r.ResponseType = "token" })
	check("row 91: response_mode", oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.ResponseMode = "fragment" })
	check("row 92: no challenge", oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.Challenge, r.ChallengeMethod = "", "" })
	check("row 93: plain", oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.ChallengeMethod = "plain" })
	check("row 94: challenge without method", oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.ChallengeMethod = "" })
	check("row 96: method without challenge", oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.Challenge = "" })
	check("malformed challenge", oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.Challenge = r.Challenge[:42] + "N" })
	for _, s := range []string{"admin", "openid admin", `open"id`, `a\b`, strings.Repeat("a ", 5000)} {
		check("row 97: scope "+s[:min(5, len(s))], oauth.CodeInvalidScope, func(r *AuthorizeRequest) { r.Scope = s })
	}
	check("row 99: prompt=none", oauth.CodeLoginRequired, func(r *AuthorizeRequest) { r.Prompt = "none" })
	check("prompt=none login", oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.Prompt = "none login" })
	check("prompt=create", oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.Prompt = "create" })
	for _, m := range []string{"-1", "abc", "1e9", "99999999999999999999"} {
		check("row 101: max_age "+m, oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.MaxAge = m })
	}
	check("row 103: id_token_hint", oauth.CodeInvalidRequest, func(r *AuthorizeRequest) { r.IDTokenHint = "eyJhbGciOiJub25lIn0.e30." })
	check("row 106: request", oauth.CodeRequestNotSupported, func(r *AuthorizeRequest) { r.Request = "eyJhbGciOiJub25lIn0.e30." })
	check("row 109: request_uri", oauth.CodeRequestURINotSupported, func(r *AuthorizeRequest) { r.RequestURI = "https://169.254.169.254/" })
	check("row 111: resource", oauth.CodeInvalidTarget, func(r *AuthorizeRequest) { r.Resource = "https://other.example" })
	check("not registered for codes", oauth.CodeUnauthorizedClient, func(r *AuthorizeRequest) { r.ClientID = "nocode" })
}

func TestAuthorize_ConsentIsRememberedPerClientAndScope(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	if w.walk(b, request()).Get("code") == "" {
		t.Fatal("no code")
	}
	if step := w.authorize(b, request()); answer(t, step).Get("code") == "" { // silent now
		t.Error("no code")
	}
	quiet := request()
	quiet.Prompt = "none"
	if answer(t, w.authorize(b, quiet)).Get("code") == "" {
		t.Error("row 99: no silent code")
	}
	wider := request()
	wider.Scope += " email"
	if step := w.authorize(b, wider); step.Next != NextConsent {
		t.Errorf("a wider scope goes to %q", step.Next)
	}
	wider.Prompt = "none"
	if q := answer(t, w.authorize(b, wider)); q.Get("error") != "consent_required" {
		t.Errorf("row 99: %v", q)
	}
	again := request()
	again.Prompt = "consent"
	if step := w.authorize(b, again); step.Next != NextConsent {
		t.Errorf("prompt=consent goes to %q", step.Next)
	}
}

func TestAuthorize_ConsentDiesWithItsClient(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	w.walk(b, request())
	w.replace("web")
	if step := w.authorize(b, request()); step.Next != NextConsent {
		t.Errorf("the consent for the client that was deleted sends the browser to %q", step.Next)
	}
}

func TestAuthorize_UnverifiableClientsAreAskedAboutEveryTime(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	spa := func() *AuthorizeRequest {
		r := request()
		r.ClientID, r.RedirectURI = "demo-spa", spaRedirect
		return r
	}
	if w.walk(b, spa()).Get("code") == "" {
		t.Fatal("no code")
	}
	if step := w.authorize(b, spa()); step.Next != NextConsent { // row 361, RFC 8252 8.6
		t.Errorf("the second request goes to %q", step.Next)
	}
}

func TestAuthorize_AsksForAFreshLogin(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	w.walk(b, request())
	check := func(name string, wait time.Duration, change func(*AuthorizeRequest), login bool) {
		t.Helper()
		w.pass(wait)
		r := request()
		change(r)
		step := w.authorize(b, r)
		if (step.Next == NextLogin) != login {
			t.Fatalf("%s: goes to %q", name, step.Next)
		}
		if !login {
			return
		}
		before := w.now()
		w.pass(time.Second)
		a := must(w.Token(t.Context(), redeem(answer(t, w.login(b, step.Interaction)).Get("code"))))(t)
		if id := must(w.verifier.IDHint([]byte(a.IDToken)))(t); id.AuthTime <= before.Unix() { // row 102
			t.Errorf("%s: auth_time %d is from before", name, id.AuthTime)
		}
	}
	check("max_age not reached", 5*time.Second, func(r *AuthorizeRequest) { r.MaxAge = "5" }, false)
	check("row 102: max_age passed", time.Second, func(r *AuthorizeRequest) { r.MaxAge = "5" }, true)
	check("row 101: max_age=0", time.Second, func(r *AuthorizeRequest) { r.MaxAge = "0" }, true)
	check("prompt=login", time.Second, func(r *AuthorizeRequest) { r.Prompt = "login" }, true)
	check("session expired", 13*time.Hour, func(r *AuthorizeRequest) {}, true)
}

func TestAuthorize_RemembersEachPromptOnce(t *testing.T) {
	w := newWorld(t)
	r := request()
	r.Prompt = "login consent" + strings.Repeat(" consent login", 5000) // which would be 100 KB of Redis
	step := w.authorize(w.newBrowser(), r)
	i := must(w.store.GetInteraction(t.Context(), hashOf(step.Interaction)))(t)
	if !slices.Equal(i.Prompt, []string{"login", "consent"}) {
		t.Errorf("%d prompts are remembered", len(i.Prompt))
	}
}

func TestAuthorize_IDTokenHintNamesThePerson(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	a := w.tokens(b)
	hinted := func() *AuthorizeRequest {
		r := request()
		r.IDTokenHint = a.IDToken
		return r
	}
	if answer(t, w.authorize(b, hinted())).Get("code") == "" {
		t.Error("the person named is signed in, and gets no code")
	}
	if _, err := w.CreateUser(t.Context(), &oauth.User{Username: "bob"}, "bob-password"); err != nil {
		t.Fatal(err)
	}
	other := w.newBrowser()
	step := w.authorize(other, hinted())
	step, _, err := w.Login(t.Context(), &LoginRequest{Interaction: step.Interaction, Browser: other.id, Username: "bob", Password: "bob-password"})
	if err != nil {
		t.Fatal(err)
	}
	if q := answer(t, step); q.Get("error") != "login_required" || q.Get("code") != "" { // row 103
		t.Errorf("bob answered for alice: %v", q)
	}
}

func TestInteraction_BelongsToOneBrowser(t *testing.T) {
	w := newWorld(t)
	b, stranger := w.newBrowser(), w.newBrowser()
	step := w.authorize(b, request())
	_, _, err := w.Login(t.Context(), &LoginRequest{Interaction: step.Interaction, Browser: stranger.id, Username: DemoUser, Password: DemoPassword})
	wantCode(t, err, oauth.CodeForbidden) // row 356
	_, err = w.LoginPage(t.Context(), step.Interaction, stranger.id)
	wantCode(t, err, oauth.CodeForbidden)
	step = w.login(b, step.Interaction)
	_, err = w.Consent(t.Context(), &ConsentRequest{Interaction: step.Interaction, Browser: stranger.id, Session: b.session, Allow: true})
	wantCode(t, err, oauth.CodeForbidden)
	w.pass(11 * time.Minute)
	_, err = w.ConsentPage(t.Context(), step.Interaction, b.id, b.session)
	wantCode(t, err, oauth.CodeNotFound)
}

func TestConsent_ManyClicksMakeOneCode(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	step := w.login(b, w.authorize(b, request()).Interaction)
	var mu sync.Mutex
	urls := map[string]int{}
	var wg sync.WaitGroup
	for range 100 { // row 359
		wg.Go(func() {
			s, err := w.Consent(t.Context(), &ConsentRequest{Interaction: step.Interaction, Browser: b.id, Session: b.session, Allow: true})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			urls[s.URL]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(urls) != 1 {
		t.Fatalf("%d different redirects", len(urls))
	}
	for u := range urls {
		parsed, _ := url.Parse(u)
		must(w.Token(t.Context(), redeem(parsed.Query().Get("code"))))(t)
	}
	w.pass(repeatOutcome + time.Second)
	_, err := w.Consent(t.Context(), &ConsentRequest{Interaction: step.Interaction, Browser: b.id, Session: b.session, Allow: true})
	wantCode(t, err, oauth.CodeNotFound) // the code in it was used: it must not be sent again
}

func TestConsent_DeniedAndNeedsALogin(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	step := w.login(b, w.authorize(b, request()).Interaction)
	page := must(w.ConsentPage(t.Context(), step.Interaction, b.id, b.session))(t)
	if page.ClientName != "web" || page.RedirectHost != "web.example" || page.Username != DemoUser || len(page.Scopes) != 4 {
		t.Errorf("%+v", page)
	}
	out := must(w.Consent(t.Context(), &ConsentRequest{Interaction: step.Interaction, Browser: b.id, Allow: true}))(t)
	if out.Next != NextLogin {
		t.Errorf("without a session the answer goes to %q", out.Next)
	}
	denied := must(w.Consent(t.Context(), &ConsentRequest{Interaction: step.Interaction, Browser: b.id, Session: b.session}))(t)
	if q := answer(t, denied); q.Get("error") != "access_denied" || q.Get("state") != "s1" {
		t.Errorf("%v", q)
	}
}
