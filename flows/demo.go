package flows

import (
	"context"
	"errors"

	"tollgate/flows/clientauth"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// The demo user. Everything in this file is public knowledge and only ever loaded in dev mode.
const (
	DemoUser     = "alice"
	DemoPassword = "alice-password"
)

// DemoClient is a client whose secret everybody knows.
type DemoClient struct {
	oauth.Client
	Secret string
}

// DemoClients returns the clients of dev mode.
func DemoClients() []DemoClient {
	scope := oauth.Scope{oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeEmail, oauth.ScopeOfflineAccess, "orders:read"}
	code := []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	return []DemoClient{
		{oauth.Client{
			ID: "demo-service", Name: "Demo service",
			GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials},
			Scope:      oauth.Scope{"orders:read", "orders:write"},
		}, "demo-service-secret"},
		{oauth.Client{ID: "demo-gateway", Name: "Demo gateway", IntrospectAny: true}, "demo-gateway-secret"},
		{oauth.Client{
			ID: "demo-web", Name: "Demo web app", GrantTypes: code, Scope: scope,
			RedirectURIs:           []string{"http://127.0.0.1:8085/callback"},
			PostLogoutRedirectURIs: []string{"http://127.0.0.1:8085/", "http://127.0.0.1:8085/callback"},
		}, "demo-web-secret"},
		{oauth.Client{
			ID: "demo-spa", Name: "Demo app", AuthMethod: oauth.AuthNone, GrantTypes: code, Scope: scope,
			RedirectURIs:           []string{"http://127.0.0.1/callback"},
			PostLogoutRedirectURIs: []string{"http://127.0.0.1/", "http://127.0.0.1/callback"},
		}, ""},
	}
}

// SeedDemo stores the demo clients and user where they are not there yet. Several dev nodes may
// do it at once on one store. It reports no event: nobody changed anything.
func (f *Flows) SeedDemo(ctx context.Context) error {
	for _, demo := range DemoClients() {
		if demo.Secret != "" {
			demo.SecretHash = clientauth.HashSecret(demo.Secret)
		}
		demo.CreatedAt, demo.Version, demo.Generation = f.now(), 1, newGeneration()
		demo.UpdatedAt = demo.CreatedAt
		if err := f.store.CreateClient(ctx, &demo.Client); err != nil && !errors.Is(err, store.ErrExists) {
			return outage(err)
		}
	}
	alice := &oauth.User{
		Subject: DemoUser, Username: DemoUser,
		Name: "Alice Example", GivenName: "Alice", FamilyName: "Example",
		Email: "alice@example.com", EmailVerified: true,
	}
	if err := f.putUser(ctx, alice, DemoPassword); err != nil && !errors.Is(err, errUserExists) {
		return err
	}
	return nil
}
