package flows

import (
	"errors"
	"testing"
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/oauth"
)

func (w *world) introspect(c clientauth.Credentials, tokens ...string) []Introspection {
	w.t.Helper()
	return must(w.Introspect(w.t.Context(), &IntrospectRequest{Client: c, Tokens: tokens}))(w.t)
}

var asGateway = basic("demo-gateway", "demo-gateway-secret")

func TestIntrospect_EachCallerGetsItsOwnView(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	if got := w.introspect(asGateway, a.AccessToken)[0]; !got.Active || got.ClientID != "web" || got.Subject != DemoUser || got.TokenType != "Bearer" || got.Expires != start.Unix()+600 {
		t.Errorf("the gateway sees %+v", got)
	}
	for name, tok := range map[string]string{"row 201: another's access token": a.AccessToken, "row 202: another's refresh token": a.RefreshToken} {
		if got := w.introspect(basic("demo-web", "demo-web-secret"), tok)[0]; got != (Introspection{}) { // row 208: after the gateway
			t.Errorf("%s: a stranger sees %+v", name, got)
		}
	}
	if got := w.introspect(asWeb, a.RefreshToken)[0]; !got.Active || got.TokenUse != "refresh_token" || got.TokenType != "" {
		t.Errorf("web sees of its own refresh token %+v", got)
	}
	if w.introspect(asGateway, a.IDToken)[0].Active {
		t.Error("row 203: an id_token is active")
	}
}

func TestIntrospect_RefusesCallersThatProveNothing(t *testing.T) {
	w := newWorld(t)
	_, err := w.Introspect(t.Context(), &IntrospectRequest{Client: clientauth.Credentials{ID: "demo-spa"}, Tokens: []string{"x"}})
	wantCode(t, err, oauth.CodeInvalidClient) // row 197
}

func TestIntrospect_BatchKeepsOrderAndJudgesEach(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	b := must(w.Token(t.Context(), service()))(t)
	if err := w.Revoke(t.Context(), &RevokeRequest{Client: asWeb, Token: a.AccessToken}); err != nil {
		t.Fatal(err)
	}
	got := w.introspect(asGateway, "junk", b.AccessToken, a.AccessToken, b.AccessToken, "")
	for i, want := range []bool{false, true, false, true, false} { // rows 212, 213
		if got[i].Active != want {
			t.Errorf("element %d: %+v", i, got[i])
		}
	}
}

func TestIntrospect_RotatedRefreshTokenIsInactive(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	b := must(w.Token(t.Context(), refresh(a.RefreshToken)))(t)
	w.wantActive(false, a.RefreshToken)
	w.wantActive(true, b.RefreshToken, a.AccessToken)
}

func TestRevoke_AccessTokenAloneRefreshTokenWithItsGrant(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	b := must(w.Token(t.Context(), refresh(a.RefreshToken)))(t)
	revoke := func(tok string) {
		t.Helper()
		for range 2 { // row 217: twice is once
			if err := w.Revoke(t.Context(), &RevokeRequest{Client: asWeb, Token: tok}); err != nil {
				t.Fatal(err)
			}
		}
	}
	revoke(a.AccessToken) // row 224
	w.wantActive(false, a.AccessToken)
	w.wantActive(true, b.AccessToken, b.RefreshToken)
	revoke(b.RefreshToken) // row 223
	w.wantActive(false, b.AccessToken, b.RefreshToken)
	revoke("junk") // row 217
}

func TestRevoke_IsForTheTokensOwnClient(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	for _, tok := range []string{a.AccessToken, a.RefreshToken} {
		err := w.Revoke(t.Context(), &RevokeRequest{Client: basic("demo-web", "demo-web-secret"), Token: tok})
		wantCode(t, err, oauth.CodeUnauthorizedClient)
	}
	w.wantActive(true, a.AccessToken, a.RefreshToken)
	err := w.Revoke(t.Context(), &RevokeRequest{Client: basic("web", "wrong"), Token: a.AccessToken})
	wantCode(t, err, oauth.CodeInvalidClient) // row 219
	err = w.Revoke(t.Context(), &RevokeRequest{Client: asWeb})
	wantCode(t, err, oauth.CodeInvalidRequest) // row 218
}

func TestRevoke_NeverSaysDoneWhatIsNot(t *testing.T) {
	w := newWorld(t)
	a := must(w.Token(t.Context(), service()))(t)
	w.broken.fail(errors.New("READONLY"))
	err := w.Revoke(t.Context(), &RevokeRequest{Client: service().Client, Token: a.AccessToken})
	wantCode(t, err, oauth.CodeTemporarilyUnavailable) // row 222
	w.broken.fail(nil)
	w.wantActive(true, a.AccessToken)
}

func TestValidate_DemandsScopeAndAudience(t *testing.T) {
	w := newWorld(t)
	a := must(w.Token(t.Context(), &TokenRequest{Client: service().Client, GrantType: "client_credentials", Scope: "orders:read"}))(t)
	check := func(scope, aud string, want oauth.Code) {
		t.Helper()
		_, err := w.Validate(t.Context(), w.cfg.Now(), []byte(a.AccessToken), scope, aud)
		if want == "" && err != nil {
			t.Errorf("scope %q aud %q: %v", scope, aud, err)
		} else if want != "" {
			wantCode(t, err, want)
		}
	}
	check("", "", "")
	check("orders:read", issuer+"/resources", "")
	check("orders:read orders:write", "", oauth.CodeInsufficientScope) // rows 262, 263
	check("orders", "", oauth.CodeInsufficientScope)
	check("", "https://other.example", oauth.CodeInsufficientScope)
	w.pass(10*time.Minute + leeway - time.Second)
	check("", "", "")
	w.pass(2 * time.Second)
	check("", "", oauth.CodeInvalidToken) // row 272: the leeway, once
}

func TestValidate_StoreLossIsDeniedUnlessDeclared(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.AllowStale = 30 * time.Second })
	a := must(w.Token(t.Context(), service()))(t)
	w.broken.fail(errors.New("gone"))
	_, err := w.Validate(t.Context(), w.cfg.Now(), []byte(a.AccessToken), "", "")
	wantCode(t, err, oauth.CodeTemporarilyUnavailable) // never asked: nothing is known
	w.broken.fail(nil)
	w.wantActive(true, a.AccessToken)
	w.broken.fail(errors.New("gone"))
	w.pass(29 * time.Second)
	if v := must(w.Validate(t.Context(), w.cfg.Now(), []byte(a.AccessToken), "", ""))(t); v.Stale != 29*time.Second {
		t.Errorf("stale %v", v.Stale)
	}
	w.pass(2 * time.Second)
	_, err = w.Validate(t.Context(), w.cfg.Now(), []byte(a.AccessToken), "", "")
	wantCode(t, err, oauth.CodeTemporarilyUnavailable)
}

func TestUserInfo_TellsWhatTheScopeAllows(t *testing.T) {
	w := newWorld(t)
	info := func(scope string) (*UserInfo, error) {
		r := request()
		r.Scope = scope
		a := must(w.Token(t.Context(), redeem(w.walk(w.newBrowser(), r).Get("code"))))(t)
		return w.UserInfo(t.Context(), []byte(a.AccessToken))
	}
	if u := must(info("openid profile"))(t); u.Subject != DemoUser || u.Name != "Alice Example" || u.Email != "" || u.EmailVerified != nil {
		t.Errorf("%+v", u)
	}
	if u := must(info("openid email"))(t); u.Name != "" || u.PreferredUsername != "" || u.Email != "alice@example.com" || u.EmailVerified == nil { // row 241
		t.Errorf("%+v", u)
	}
	_, err := info("orders:read") // row 232
	wantCode(t, err, oauth.CodeInsufficientScope)
	a := must(w.Token(t.Context(), service()))(t)
	_, err = w.UserInfo(t.Context(), []byte(a.AccessToken))
	wantCode(t, err, oauth.CodeInsufficientScope)
	b := w.tokens(w.newBrowser())
	for _, tok := range []string{b.IDToken, b.RefreshToken, "x"} { // rows 231, 238
		_, err := w.UserInfo(t.Context(), []byte(tok))
		wantCode(t, err, oauth.CodeInvalidToken)
	}
	w.pass(time.Second)
	if err := w.DeleteUser(t.Context(), DemoUser); err != nil {
		t.Fatal(err)
	}
	_, err = w.UserInfo(t.Context(), []byte(b.AccessToken)) // row 239
	wantCode(t, err, oauth.CodeInvalidToken)
}

// One token alone and as one of a batch get the same answer.
func TestIntrospect_OneIsAnsweredAsInABatch(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	b := w.tokens(w.newBrowser())
	if err := w.Revoke(t.Context(), &RevokeRequest{Client: asWeb, Token: b.RefreshToken}); err != nil {
		t.Fatal(err)
	}
	web := basic("demo-web", "demo-web-secret")
	tokens := []string{a.AccessToken, a.RefreshToken, a.IDToken, b.AccessToken, b.RefreshToken, "junk", ""}
	w.introspect(asGateway, tokens...) // so that each is recalled from now on
	for _, caller := range []clientauth.Credentials{asGateway, asWeb, web} {
		batch := w.introspect(caller, tokens...)
		for i, tok := range tokens {
			one := Introspection{Active: true, Scope: "left over"}
			if err := w.IntrospectOne(t.Context(), &caller, tok, &one); err != nil || one != batch[i] {
				t.Errorf("token %d: %+v, %v; in the batch %+v", i, one, err, batch[i])
			}
		}
	}
	one := Introspection{Active: true}
	wantCode(t, w.IntrospectOne(t.Context(), &clientauth.Credentials{ID: "demo-spa"}, a.AccessToken, &one), oauth.CodeInvalidClient)
	w.broken.fail(errors.New("connection lost"))
	if err := w.IntrospectOne(t.Context(), &asGateway, a.AccessToken, &one); err == nil || one.Active {
		t.Errorf("without the store: %+v, %v", one, err)
	}
}
