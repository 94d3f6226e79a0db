//go:build clients

package e2e

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// golang.org/x/oauth2 and coreos/go-oidc, set up as their own documentation shows: endpoints from
// discovery, and the way of client authentication found by trying.

func TestClients_XOAuth2SignsIn(t *testing.T) {
	onEachStore(t, func(t *testing.T, n *Node) {
		for _, app := range []App{DemoWeb, DemoSPA} {
			t.Run(app.ID, func(t *testing.T) { signInXOAuth2(t, n, app) })
		}
	})
}

func TestClients_XOAuth2VerifiesEverySigningAlg(t *testing.T) {
	for _, alg := range []string{oidc.RS256, oidc.ES256, oidc.EdDSA} {
		t.Run(alg, func(t *testing.T) {
			token := signInXOAuth2(t, StartDev(t, "--signing-alg", alg), DemoWeb)
			for _, jwt := range []string{token.AccessToken, token.Extra("id_token").(string)} {
				if got := readHeader(t, jwt).Alg; got != alg {
					t.Errorf("signed with %s", got)
				}
			}
		})
	}
}

// signInXOAuth2 takes an application from discovery to the revocation of its tokens, and returns
// the answer to its code.
func signInXOAuth2(t *testing.T, n *Node, app App) *oauth2.Token {
	ctx := t.Context()
	provider, err := oidc.NewProvider(ctx, n.Issuer)
	if err != nil {
		t.Fatal("discover: ", err)
	}
	config := oauth2.Config{
		ClientID: app.ID, ClientSecret: app.Secret, RedirectURL: app.RedirectURI,
		Endpoint: provider.Endpoint(), Scopes: strings.Fields(app.Scope),
	}

	state, nonce, verifier := Random(), Random(), oauth2.GenerateVerifier()
	back := visit(t, NewBrowser(DemoUser, DemoPassword),
		config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), app.RedirectURI)
	if back["state"] != state || back["iss"] != n.Issuer {
		t.Fatalf("came back with state %q and iss %q", back["state"], back["iss"])
	}
	token, err := config.Exchange(ctx, back["code"], oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal("exchange the code: ", err)
	}
	if left := time.Until(token.Expiry); left < 9*time.Minute || left > 10*time.Minute {
		t.Errorf("the access token lives %v, want 10m", left)
	}

	id := verifyIDToken(t, provider, app, token)
	if id.Subject != DemoUser || id.Nonce != nonce {
		t.Errorf("the id_token is of %q with nonce %q", id.Subject, id.Nonce)
	}
	verifyAsResource(t, provider, n, token.AccessToken)

	source := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken})
	wantUserInfo(t, provider, oauth2.StaticTokenSource(token))
	wantUserInfo(t, provider, source) // refreshes first
	fresh, err := source.Token()
	if err != nil {
		t.Fatal("refresh: ", err)
	}
	if fresh.AccessToken == token.AccessToken || fresh.RefreshToken == token.RefreshToken {
		t.Error("a refresh brought the same token again")
	}
	if again := verifyIDToken(t, provider, app, fresh); again.Subject != id.Subject {
		t.Errorf("the id_token became one of %q", again.Subject) // OIDC Core 12.2
	}

	n.Revoke(app, fresh.RefreshToken).Want(t, 200) // the library has no call for it
	_, err = config.TokenSource(ctx, &oauth2.Token{RefreshToken: fresh.RefreshToken}).Token()
	if refused := (*oauth2.RetrieveError)(nil); !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
		t.Errorf("a revoked refresh token: %v", err)
	}
	wantActive(t, n, false, token.AccessToken, fresh.AccessToken)
	return token
}

// verifyIDToken checks an answer's id_token as an application does, at_hash included.
func verifyIDToken(t *testing.T, provider *oidc.Provider, app App, token *oauth2.Token) *oidc.IDToken {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: app.ID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal("verify the id_token: ", err)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		t.Error("at_hash: ", err)
	}
	return id
}

// verifyAsResource checks an access token as a resource server does that trusts JWKS alone.
func verifyAsResource(t *testing.T, provider *oidc.Provider, n *Node, token string) {
	t.Helper()
	_, err := provider.Verifier(&oidc.Config{ClientID: n.Issuer + "/resources"}).Verify(t.Context(), token)
	if err != nil {
		t.Error("verify the access token: ", err)
	}
}

func wantUserInfo(t *testing.T, provider *oidc.Provider, source oauth2.TokenSource) {
	t.Helper()
	info, err := provider.UserInfo(t.Context(), source)
	if err != nil {
		t.Fatal("userinfo: ", err)
	}
	if info.Subject != DemoUser || info.Email != "alice@example.com" || !info.EmailVerified {
		t.Errorf("userinfo says %+v", *info)
	}
}

func TestClients_XOAuth2GetsClientCredentials(t *testing.T) {
	onEachStore(t, func(t *testing.T, n *Node) {
		config := clientcredentials.Config{
			ClientID: DemoService.ID, ClientSecret: DemoService.Secret,
			TokenURL: n.Issuer + "/token", Scopes: []string{"orders:read"},
		}
		token, err := config.Token(t.Context())
		if err != nil {
			t.Fatal("client_credentials: ", err)
		}
		wantActive(t, n, true, token.AccessToken)
		n.Revoke(DemoService, token.AccessToken).Want(t, 200)
		wantActive(t, n, false, token.AccessToken)

		resp, err := config.Client(t.Context()).Get(n.Issuer + "/validate?scope=orders:read")
		if err != nil {
			t.Fatal("call with a token: ", err)
		}
		defer resp.Body.Close()
		if got := resp.Header.Get("X-Auth-Client"); resp.StatusCode != http.StatusOK || got != DemoService.ID {
			t.Errorf("a call with a token: %d for client %q", resp.StatusCode, got)
		}

		config.ClientSecret = "not-the-secret"
		_, err = config.Token(t.Context())
		if refused := (*oauth2.RetrieveError)(nil); !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" {
			t.Errorf("a wrong secret: %v", err)
		}
	})
}
