package server

import (
	"net/url"
	"strings"
	"testing"

	"tollgate/flows"
)

const (
	pkceVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	pkceChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	spaRedirect   = "http://127.0.0.1:50001/callback"
)

// userTokens signs alice in at demo-spa and returns the token answer.
func (e *edge) userTokens(t *testing.T, scope string) *answer {
	t.Helper()
	ctx, browser := t.Context(), e.flows.NewBrowser()
	step, err := e.flows.Authorize(ctx, &flows.AuthorizeRequest{
		ResponseType: "code", ClientID: "demo-spa", RedirectURI: spaRedirect, Scope: scope, State: "s",
		Challenge: pkceChallenge, ChallengeMethod: "S256", Browser: browser,
	})
	if err != nil || step.Next != flows.NextLogin {
		t.Fatalf("authorize: %+v, %v", step, err)
	}
	interaction := step.Interaction
	step, session, err := e.flows.Login(ctx, &flows.LoginRequest{Interaction: interaction, Browser: browser, Username: flows.DemoUser, Password: flows.DemoPassword})
	if err != nil {
		t.Fatalf("login: %v", err)
	}
	if step.Next == flows.NextConsent {
		step, err = e.flows.Consent(ctx, &flows.ConsentRequest{Interaction: interaction, Browser: browser, Session: session.Cookie, Allow: true})
		if err != nil {
			t.Fatalf("consent: %v", err)
		}
	}
	u, err := url.Parse(step.URL)
	if err != nil || u.Query().Get("code") == "" {
		t.Fatalf("no code in %q", step.URL)
	}
	return e.do(t, call{path: "/token", form: url.Values{"grant_type": {"authorization_code"}, "code": {u.Query().Get("code")},
		"redirect_uri": {spaRedirect}, "client_id": {"demo-spa"}, "code_verifier": {pkceVerifier}}}).wants(t, 200, "")
}

func TestUserInfo_ShowsWhatTheScopeOpens(t *testing.T) {
	e := newEdge(t)
	for scope, want := range map[string]string{
		"openid":         `{"sub":"alice"}`,
		"openid email":   `{"sub":"alice","email":"alice@example.com","email_verified":true}`,
		"openid profile": `{"sub":"alice","preferred_username":"alice","name":"Alice Example","given_name":"Alice","family_name":"Example","updated_at":`,
	} {
		t.Run("row 241: "+scope, func(t *testing.T) {
			tok := e.userTokens(t, scope).member(t, "access_token")
			for _, c := range []call{
				{method: "GET", path: "/userinfo", auth: "Bearer " + tok},
				{method: "GET", path: "/userinfo", auth: "bEARER " + tok}, // row 236
				{method: "POST", path: "/userinfo", auth: "Bearer " + tok},
				{method: "POST", path: "/userinfo", form: url.Values{"access_token": {tok}}},
			} {
				a := e.do(t, c).wants(t, 200, "")
				if !strings.HasPrefix(a.body, want) || scope != "openid profile" && a.body != want {
					t.Errorf("%s: %s, want %s", c.method, a.body, want)
				}
				if a.header.Get("Cache-Control") != "no-store" {
					t.Errorf("Cache-Control %q", a.header.Get("Cache-Control"))
				}
			}
		})
	}
}

func TestUserInfo_RefusesEverythingElse(t *testing.T) {
	e := newEdge(t)
	answer := e.userTokens(t, "openid offline_access")
	good, id, refresh := answer.member(t, "access_token"), answer.member(t, "id_token"), answer.member(t, "refresh_token")
	service, noOpenID := e.serviceToken(t), e.userTokens(t, "orders:read").member(t, "access_token")
	const invalid = `Bearer error="invalid_token"`
	for _, c := range []struct {
		name      string
		call      call
		status    int
		code      string
		challenge string
	}{
		{"no token", call{method: "GET"}, 401, "unauthenticated", "Bearer"},
		{"row 231: garbage", call{method: "GET", auth: "Bearer " + canary}, 401, "invalid_token", invalid},
		{"row 232: client_credentials", call{method: "GET", auth: "Bearer " + service}, 403, "insufficient_scope", `Bearer error="insufficient_scope", scope="openid"`},
		{"row 232: without openid", call{method: "GET", auth: "Bearer " + noOpenID}, 403, "insufficient_scope", `Bearer error="insufficient_scope", scope="openid"`},
		{"row 233: header and body", call{auth: "Bearer " + good, form: url.Values{"access_token": {good}}}, 400, "invalid_request", `Bearer error="invalid_request"`},
		{"row 234: query", call{method: "GET", path: "?access_token=" + canary}, 400, "invalid_request", `Bearer error="invalid_request"`},
		{"row 234: query and header", call{method: "GET", path: "?access_token=" + canary, auth: "Bearer " + good}, 400, "invalid_request", `Bearer error="invalid_request"`},
		{"row 234: query and body", call{path: "?access_token=" + canary, form: url.Values{"access_token": {good}}}, 400, "invalid_request", `Bearer error="invalid_request"`},
		{"row 236: two spaces", call{method: "GET", auth: "Bearer  " + good}, 401, "invalid_token", invalid},
		{"row 236: tab", call{method: "GET", auth: "Bearer\t" + good}, 401, "unauthenticated", "Bearer"},
		{"row 236: two tokens", call{method: "GET", auth: "Bearer " + good + ", Bearer " + good}, 401, "invalid_token", invalid},
		{"row 236: another scheme", call{method: "GET", auth: "Token " + good}, 401, "unauthenticated", "Bearer"},
		{"row 236: scheme alone", call{method: "GET", auth: "Bearer"}, 401, "invalid_token", invalid},
		{"row 238: id_token", call{method: "GET", auth: "Bearer " + id}, 401, "invalid_token", invalid},
		{"row 238: refresh token", call{method: "GET", auth: "Bearer " + refresh}, 401, "invalid_token", invalid},
		{"row 242: in Basic", call{method: "GET", auth: basic("x:" + good)}, 401, "unauthenticated", "Bearer"},
		{"empty in the body", call{form: url.Values{"access_token": {""}}}, 401, "invalid_token", invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.call.path = "/userinfo" + c.call.path
			a := e.do(t, c.call).wants(t, c.status, c.code)
			if got := a.header.Get("Www-Authenticate"); got != c.challenge {
				t.Errorf("WWW-Authenticate %q, want %q", got, c.challenge)
			}
		})
	}
	t.Run("store away", func(t *testing.T) {
		e.outage(t, call{method: "GET", path: "/userinfo", auth: "Bearer " + good})
	})
	t.Run("row 239: disabled user", func(t *testing.T) {
		if _, err := e.flows.SetUserDisabled(t.Context(), flows.DemoUser, true); err != nil {
			t.Fatal(err)
		}
		e.do(t, call{method: "GET", path: "/userinfo", auth: "Bearer " + good}).wants(t, 401, "invalid_token")
	})
}
