package flows

import (
	"errors"
	"sync"
	"testing"
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
)

func service() *TokenRequest {
	return &TokenRequest{Client: basic("demo-service", "demo-service-secret"), GrantType: "client_credentials"}
}

func TestToken_ClientCredentialsIssueToTheClientItself(t *testing.T) {
	w := newWorld(t)
	a := must(w.Token(t.Context(), service()))(t)
	if a.RefreshToken != "" || a.IDToken != "" {
		t.Error("row 158: RFC 6749 4.4.3: a refresh token or id_token was issued")
	}
	v := must(w.Validate(t.Context(), w.cfg.Now(), []byte(a.AccessToken), "orders:read orders:write", issuer+"/resources"))(t)
	if v.Claims.Subject != "demo-service" || v.Claims.ClientID != "demo-service" || v.Claims.SessionID != "" || a.ExpiresIn != 600 {
		t.Errorf("claims %+v, expires_in %d", v.Claims, a.ExpiresIn)
	}
}

func TestToken_RefusesByTheRuleThatIsBroken(t *testing.T) {
	w := newWorld(t)
	check := func(name string, want oauth.Code, change func(*TokenRequest)) {
		t.Run(name, func(t *testing.T) {
			r := service()
			change(r)
			_, err := w.Token(t.Context(), r)
			wantCode(t, err, want)
		})
	}
	check("row 143: grant_type missing", oauth.CodeInvalidRequest, func(r *TokenRequest) { r.GrantType = "" })
	for _, g := range []string{"password", "implicit", "Client_Credentials", "client_credentials "} {
		check("row 143: grant_type "+g, oauth.CodeUnsupportedGrantType, func(r *TokenRequest) { r.GrantType = g })
	}
	check("row 144: grant not allowed", oauth.CodeUnauthorizedClient, func(r *TokenRequest) { r.GrantType = "refresh_token"; r.RefreshToken = "x" })
	for _, s := range []string{"openid", "offline_access", "orders:read profile", "admin", `a"b`, "orders:read  orders:write"} {
		check("row 157: scope "+s, oauth.CodeInvalidScope, func(r *TokenRequest) { r.Scope = s })
	}
	check("row 191: unknown resource", oauth.CodeInvalidTarget, func(r *TokenRequest) { r.Resource = "https://other.example" })
	check("row 123: wrong secret", oauth.CodeInvalidClient, func(r *TokenRequest) { r.Client = basic("demo-service", "wrong") })
	check("row 129: no credentials", oauth.CodeInvalidClient, func(r *TokenRequest) { r.Client = clientauth.Credentials{ID: "demo-service"} })
	check("row 132: empty secret", oauth.CodeInvalidClient, func(r *TokenRequest) { r.Client = basic("demo-service", "") })
	check("row 132: empty secret of a client without one", oauth.CodeInvalidClient, func(r *TokenRequest) { r.Client = basic("demo-spa", "") })
	check("unknown client", oauth.CodeInvalidClient, func(r *TokenRequest) { r.Client = basic("nobody", "x") })
	check("row 121: two ways", oauth.CodeInvalidRequest, func(r *TokenRequest) { r.Client.Secret = "demo-service-secret" })
	check("row 128: another client_id", oauth.CodeInvalidRequest, func(r *TokenRequest) { r.Client.ID = "demo-web" })
	check("row 126: broken Basic", oauth.CodeInvalidClient, func(r *TokenRequest) { r.Client = clientauth.Credentials{Basic: true, BasicBad: true} })
	check("a public client with a secret", oauth.CodeInvalidClient, func(r *TokenRequest) { r.Client = clientauth.Credentials{ID: "demo-spa", Secret: "x"} })
}

func TestToken_HoldsAClientToItsRegisteredMethod(t *testing.T) {
	w := newWorld(t)
	w.register(&oauth.Client{ID: "post", AuthMethod: oauth.AuthSecretPost, SecretHash: clientauth.HashSecret("s"), GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}, Scope: oauth.Scope{"a"}})
	_, err := w.Token(t.Context(), &TokenRequest{Client: basic("post", "s"), GrantType: "client_credentials"})
	wantCode(t, err, oauth.CodeInvalidClient)
	must(w.Token(t.Context(), &TokenRequest{Client: clientauth.Credentials{ID: "post", Secret: "s"}, GrantType: "client_credentials"}))(t)
}

func TestToken_OutageIsNeverTheClientsFault(t *testing.T) {
	w := newWorld(t)
	a := must(w.Token(t.Context(), service()))(t)
	w.broken.fail(errors.New("connection refused"))
	_, err := w.Token(t.Context(), service())
	wantCode(t, err, oauth.CodeTemporarilyUnavailable)
	_, err = w.Validate(t.Context(), w.cfg.Now(), []byte(a.AccessToken), "", "")
	wantCode(t, err, oauth.CodeTemporarilyUnavailable)
	w.broken.fail(nil)
	w.wantActive(true, a.AccessToken)
}

func TestCode_TradesForTokens(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.newBrowser())
	if a.RefreshToken == "" || a.IDToken == "" || a.Scope != "openid profile offline_access orders:read" {
		t.Fatalf("answer %+v", a)
	}
	v := must(w.Validate(t.Context(), w.cfg.Now(), []byte(a.AccessToken), "orders:read", ""))(t)
	if v.Claims.Subject != DemoUser || v.Claims.SessionID == "" {
		t.Errorf("claims %+v", v.Claims)
	}
	id := must(w.verifier.IDHint([]byte(a.IDToken)))(t)
	if id.Nonce != "n1" || id.AuthTime != start.Unix() || id.Audience != "web" || id.AtHash == "" {
		t.Errorf("row 317: id_token %+v", id)
	}
}

func TestCode_IsRefusedToWhoeverDidNotAskForIt(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	const same = "the code is unknown, expired, used or not this client's, or redirect_uri or code_verifier does not fit its authorization request"
	refused := func(t *testing.T, r *TokenRequest) {
		t.Helper()
		_, err := w.Token(t.Context(), r)
		wantCode(t, err, oauth.CodeInvalidGrant)
		if got := oauth.AsError(err).Description; got != same { // nobody learns which
			t.Errorf("said %q", got)
		}
	}
	t.Run("unknown code", func(t *testing.T) { refused(t, redeem("junk")) })
	check := func(name string, change func(*TokenRequest)) {
		t.Run(name, func(t *testing.T) {
			code := w.walk(b, request()).Get("code")
			r := redeem(code)
			change(r)
			refused(t, r)
			must(w.Token(t.Context(), redeem(code)))(t) // and nobody's code was burnt
		})
	}
	check("another client", func(r *TokenRequest) { r.Client = basic("demo-web", "demo-web-secret") })
	check("row 151: verifier missing", func(r *TokenRequest) { r.Verifier = "" })
	check("row 151: verifier wrong", func(r *TokenRequest) { r.Verifier = "aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" })
	check("row 151: verifier of 42", func(r *TokenRequest) { r.Verifier = verifier[:42] })
	check("row 151: illegal character", func(r *TokenRequest) { r.Verifier = verifier[:42] + "+" })
	check("row 154: redirect_uri missing", func(r *TokenRequest) { r.RedirectURI = "" })
	check("row 154: redirect_uri differs", func(r *TokenRequest) { r.RedirectURI = webRedirect + "/" })
}

func TestCode_ThirdWrongVerifierSpendsIt(t *testing.T) {
	w := newWorld(t)
	code := w.walk(w.newBrowser(), request()).Get("code")
	for range maxVerifierMisses {
		r := redeem(code)
		r.Verifier = "aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
		_, err := w.Token(t.Context(), r)
		wantCode(t, err, oauth.CodeInvalidGrant)
	}
	_, err := w.Token(t.Context(), redeem(code))
	wantCode(t, err, oauth.CodeInvalidGrant)
}

func TestCode_Expires(t *testing.T) {
	w := newWorld(t)
	code := w.walk(w.newBrowser(), request()).Get("code")
	w.pass(61 * time.Second)
	_, err := w.Token(t.Context(), redeem(code))
	wantCode(t, err, oauth.CodeInvalidGrant)
}

func TestCode_SecondUseEndsFamily(t *testing.T) {
	for _, wait := range []time.Duration{time.Second, 30 * time.Second} { // row 147
		w := newWorld(t)
		code := w.walk(w.newBrowser(), request()).Get("code")
		a := must(w.Token(t.Context(), redeem(code)))(t)
		w.wantActive(true, a.AccessToken, a.RefreshToken)
		w.pass(wait)
		_, err := w.Token(t.Context(), redeem(code))
		wantCode(t, err, oauth.CodeInvalidGrant)
		w.wantActive(false, a.AccessToken, a.RefreshToken)
		_, err = w.Token(t.Context(), refresh(a.RefreshToken))
		wantCode(t, err, oauth.CodeInvalidGrant)
		if !w.saw(EventCodeReplayed) {
			t.Error("no event")
		}
	}
}

func TestCode_OneOfRacingCallersGetsIt(t *testing.T) {
	w := newWorld(t)
	code := w.walk(w.newBrowser(), request()).Get("code") // row 148
	var wg sync.WaitGroup
	var mu sync.Mutex
	var won int
	for range 100 {
		wg.Go(func() {
			_, err := w.Token(t.Context(), redeem(code))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if oauth.AsError(err).Code != oauth.CodeInvalidGrant {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d callers got tokens", won)
	}
}

func TestCode_UserDisabledMeanwhile(t *testing.T) {
	w := newWorld(t)
	code := w.walk(w.newBrowser(), request()).Get("code")
	w.pass(time.Second)
	must(w.SetUserDisabled(t.Context(), DemoUser, true))(t)
	_, err := w.Token(t.Context(), redeem(code)) // row 156
	wantCode(t, err, oauth.CodeInvalidGrant)
}

func TestIssue_SignsWithTheClientsAlgorithm(t *testing.T) {
	w := newWorld(t)
	for _, alg := range oauth.Algs() {
		w.register(&oauth.Client{ID: "c" + string(alg), SecretHash: clientauth.HashSecret("s"), SigningAlg: alg, GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}, Scope: oauth.Scope{"a"}})
		a := must(w.Token(t.Context(), &TokenRequest{Client: basic("c"+string(alg), "s"), GrantType: "client_credentials"}))(t)
		if want := w.keys.Snapshot().Active(alg).AccessHeader; a.AccessToken[:len(want)] != want {
			t.Errorf("%s: header %s", alg, a.AccessToken[:len(want)])
		}
		w.wantActive(true, a.AccessToken)
	}
}

// A node that has just started has no keys for a moment. Who asks it again is answered.
func TestToken_WithoutKeysNothingIsSpent(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.ReplayWindow = 0 })
	loaded, none := w.Flows.keys, keys.NewManager(keys.Config{Store: w.broken, Master: keys.DevMaster(), Node: "new", Now: w.cfg.Now})
	for _, spend := range []func() *TokenRequest{
		func() *TokenRequest { return redeem(w.walk(w.newBrowser(), request()).Get("code")) },
		func() *TokenRequest { return refresh(w.tokens(w.newBrowser()).RefreshToken) },
	} {
		r := spend()
		w.Flows.keys = none
		_, err := w.Token(t.Context(), r)
		wantCode(t, err, oauth.CodeTemporarilyUnavailable)
		w.Flows.keys = loaded
		must(w.Token(t.Context(), r))(t)
	}
}
