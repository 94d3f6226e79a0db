//go:build clients

package e2e

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

// zitadel/oidc as a relying party: its own handlers on the redirect URI of demo-web, in front of
// a browser that has never seen either side.

func TestClients_ZitadelSignsIn(t *testing.T) {
	styles := []struct {
		name  string
		style oauth2.AuthStyle
	}{
		{"client_secret_basic", oauth2.AuthStyleInHeader},
		{"client_secret_post", oauth2.AuthStyleInParams},
		{"either", oauth2.AuthStyleAutoDetect},
	}
	onEachStore(t, func(t *testing.T, n *Node) {
		for _, row := range styles {
			t.Run(row.name, func(t *testing.T) {
				app := startRelyingParty(t, n, rp.WithAuthStyle(row.style))
				tokens := app.signIn(t, NewBrowser(DemoUser, DemoPassword))
				app.refreshAndRevoke(t, n, tokens)
			})
		}
	})
}

func (app *relyingParty) refreshAndRevoke(t *testing.T, n *Node, tokens *zitadelTokens) {
	ctx := t.Context()
	fresh, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, app, tokens.RefreshToken, "", "")
	if err != nil {
		t.Fatal("refresh: ", err)
	}
	if fresh.RefreshToken == tokens.RefreshToken || fresh.IDTokenClaims.GetSubject() != DemoUser {
		t.Errorf("a refresh brought the same refresh token, or the id_token of %q", fresh.IDTokenClaims.GetSubject())
	}
	wantActive(t, n, true, tokens.AccessToken, fresh.AccessToken)

	if err := rp.RevokeToken(ctx, app, fresh.AccessToken, "access_token"); err != nil {
		t.Error("revoke the access token: ", err)
	}
	wantActive(t, n, false, fresh.AccessToken)
	wantActive(t, n, true, tokens.AccessToken)

	if err := rp.RevokeToken(ctx, app, fresh.RefreshToken, "refresh_token"); err != nil {
		t.Error("revoke the refresh token: ", err)
	}
	wantActive(t, n, false, tokens.AccessToken)
	if _, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, app, fresh.RefreshToken, "", ""); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("a revoked refresh token: %v", err)
	}
}

func TestClients_ZitadelVerifiesAcrossAKeyRotation(t *testing.T) {
	onEachStore(t, func(t *testing.T, n *Node) {
		app := startRelyingParty(t, n)
		browser := NewBrowser(DemoUser, DemoPassword)
		before := app.signIn(t, browser)
		n.Admin("POST", "/keys/rotate", map[string]any{"at_once": true}).Want(t, 204)
		after := app.signIn(t, browser) // with the keys it fetched before

		if readHeader(t, before.IDToken).KeyID == readHeader(t, after.IDToken).KeyID {
			t.Fatal("the key is still the same")
		}
		for _, idToken := range []string{before.IDToken, after.IDToken} {
			if _, err := rp.VerifyIDToken[*oidc.IDTokenClaims](t.Context(), idToken, app.IDTokenVerifier()); err != nil {
				t.Error("verify with today's keys: ", err)
			}
		}
		wantActive(t, n, true, before.AccessToken, after.AccessToken)
	})
}

func TestClients_ZitadelEndsTheSession(t *testing.T) {
	onEachStore(t, func(t *testing.T, n *Node) {
		app := startRelyingParty(t, n)
		browser := NewBrowser(DemoUser, DemoPassword)
		tokens := app.signIn(t, browser)

		// Logout is a browser's turn: the call has to carry its cookies.
		leaving := newRelyingParty(t, n, rp.WithHTTPClient(browser.client))
		home, err := rp.EndSession(t.Context(), leaving, tokens.IDToken, demoWebHome+"/", "bye", "", nil)
		if err != nil {
			t.Fatal("end the session: ", err)
		}
		if home == nil || home.String() != demoWebHome+"/?state=bye" {
			t.Errorf("sent to %v", home)
		}
		wantActive(t, n, false, tokens.AccessToken)

		back := visit(t, browser, n.Ask(DemoWeb, "prompt", "none").URL, DemoWeb.RedirectURI)
		if back["error"] != "login_required" {
			t.Errorf("after the logout /authorize says %q", back["error"])
		}
	})
}

func TestClients_ZitadelIntrospects(t *testing.T) {
	onEachStore(t, func(t *testing.T, n *Node) {
		gateway, err := rs.NewResourceServerClientCredentials(t.Context(), n.Issuer, DemoGateway.ID, DemoGateway.Secret)
		if err != nil {
			t.Fatal("discover: ", err)
		}
		tokens := NewBrowser(DemoUser, DemoPassword).Login(t, n, DemoSPA)
		seen, err := rs.Introspect[*oidc.IntrospectionResponse](t.Context(), gateway, tokens.Access)
		switch {
		case err != nil:
			t.Fatal("introspect: ", err)
		case !seen.Active || seen.Subject != DemoUser || seen.ClientID != DemoSPA.ID || seen.Issuer != n.Issuer:
			t.Errorf("the gateway sees %+v", seen)
		case seen.Scope.String() != DemoSPA.Scope || seen.Audience[0] != n.Issuer+"/resources":
			t.Errorf("the gateway sees scope %q for %q", seen.Scope, seen.Audience)
		}
		n.Revoke(DemoSPA, tokens.Refresh).Want(t, 200)
		seen, err = rs.Introspect[*oidc.IntrospectionResponse](t.Context(), gateway, tokens.Access)
		if err != nil || seen.Active || seen.Subject != "" {
			t.Errorf("after the revocation the gateway sees %+v, %v", seen, err)
		}
	})
}

const (
	demoWebHome = "http://127.0.0.1:8085"
	demoWebAddr = "127.0.0.1:8085"
)

type zitadelTokens = oidc.Tokens[*oidc.IDTokenClaims]

// relyingParty is the library's, with a web server around it.
type relyingParty struct {
	rp.RelyingParty
	signedIn chan *zitadelTokens
}

func newRelyingParty(t *testing.T, n *Node, options ...rp.Option) rp.RelyingParty {
	t.Helper()
	cookies := httphelper.NewCookieHandler([]byte(Random())[:32], []byte(Random())[:32], httphelper.WithUnsecure())
	party, err := rp.NewRelyingPartyOIDC(t.Context(), n.Issuer, DemoWeb.ID, DemoWeb.Secret, DemoWeb.RedirectURI,
		strings.Fields(DemoWeb.Scope), append(options, rp.WithPKCEFromDiscovery(cookies), rp.WithSigningAlgsFromDiscovery())...)
	if err != nil {
		t.Fatal("discover: ", err)
	}
	if !party.IsPKCE() {
		t.Error("discovery does not offer PKCE")
	}
	return party
}

// startRelyingParty serves the library's handlers on demo-web's redirect URI until the test ends.
func startRelyingParty(t *testing.T, n *Node, options ...rp.Option) *relyingParty {
	t.Helper()
	app := &relyingParty{newRelyingParty(t, n, options...), make(chan *zitadelTokens, 1)}
	mux := http.NewServeMux()
	mux.Handle("/login", rp.AuthURLHandler(Random, app.RelyingParty))
	mux.Handle("/callback", rp.CodeExchangeHandler(rp.UserinfoCallback(app.greet), app.RelyingParty))

	listener, err := net.Listen("tcp", demoWebAddr)
	if err != nil {
		t.Fatal("listen at the redirect URI: ", err)
	}
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	t.Cleanup(func() { server.Shutdown(context.Background()) })
	return app
}

// greet is what the application does once the library is content with a login.
func (app *relyingParty) greet(w http.ResponseWriter, _ *http.Request, tokens *zitadelTokens, _ string, _ rp.RelyingParty, info *oidc.UserInfo) {
	if info.Email != "alice@example.com" || !bool(info.EmailVerified) || info.PreferredUsername != DemoUser {
		http.Error(w, "userinfo is not alice's", http.StatusInternalServerError)
		return
	}
	app.signedIn <- tokens
}

// signIn takes a browser from the application's login link to the application again.
func (app *relyingParty) signIn(t *testing.T, b *Browser) *zitadelTokens {
	t.Helper()
	authorize, err := b.Visit(demoWebHome + "/login")
	if err != nil {
		t.Fatal("begin at the application: ", err)
	}
	callback, err := b.Visit(authorize.String())
	if err != nil {
		t.Fatal("authorize: ", err)
	}
	if _, _, err := b.open(request("GET", callback.String(), nil)); err != nil {
		t.Fatal("come back to the application: ", err)
	}
	return <-app.signedIn
}
