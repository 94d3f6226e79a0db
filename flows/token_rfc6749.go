package flows

import (
	"context"
	"errors"
	"slices"
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

// tokenCall is one request to /token on its way through the checks that every grant shares.
type tokenCall struct {
	*TokenRequest
	client *oauth.Client
	scope  oauth.Scope // what was asked for; nil where nothing was
	// at is when the call began, before anything was checked. What it issues is dated so: whatever
	// ends the client, the user or the session after those checks then ends it, too.
	at time.Time
}

// grants is every grant there is. What all of them need is checked before one is chosen.
var grants = map[oauth.GrantType]func(*Flows, context.Context, *tokenCall) (*TokenAnswer, error){
	oauth.GrantAuthorizationCode: (*Flows).authorizationCode,
	oauth.GrantRefreshToken:      (*Flows).refreshToken,
	oauth.GrantClientCredentials: (*Flows).clientCredentials,
}

// Token answers a request to the token endpoint (RFC 6749 3.2).
func (f *Flows) Token(ctx context.Context, r *TokenRequest) (*TokenAnswer, error) {
	at := f.now()
	client, err := f.authenticate(ctx, &r.Client) // 3.2.1
	if err != nil {
		return nil, err
	}
	if r.GrantType == "" {
		return nil, oauth.InvalidRequest("grant_type is missing") // 5.2
	}
	grant, known := grants[oauth.GrantType(r.GrantType)]
	if !known {
		return nil, oauth.NewError(oauth.CodeUnsupportedGrantType, "grant_type is not supported") // 5.2
	}
	scope, err := oauth.ParseScope(r.Scope) // 3.3
	if err != nil {
		return nil, err
	}
	if client, err = f.permitted(ctx, client, r, scope); err != nil {
		return nil, err
	}
	if _, err := f.signingKey(client); err != nil { // before a code or a refresh token is spent for nothing
		return nil, err
	}
	answer, err := grant(f, ctx, &tokenCall{TokenRequest: r, client: client, scope: scope, at: at})
	if err != nil {
		return nil, err
	}
	answer.ClientID, answer.Grant = client.ID, oauth.GrantType(r.GrantType)
	return answer, nil
}

// permitted returns the client if it may have what it asks for. What it was registered for a moment
// ago may not be known here yet, so a no is asked for again.
func (f *Flows) permitted(ctx context.Context, client *oauth.Client, r *TokenRequest, scope oauth.Scope) (*oauth.Client, error) {
	if f.checkPermission(client, r, scope) == nil {
		return client, nil
	}
	client, err := f.store.GetClient(store.Fresh(ctx), client.ID)
	switch {
	case err != nil && !errors.Is(err, store.ErrAbsent):
		return nil, outage(err)
	case !clientauth.Proves(client, &r.Client): // it was changed or deleted a moment ago
		return nil, f.refuse(ctx, &r.Client, oauth.InvalidClient())
	}
	return client, f.checkPermission(client, r, scope)
}

func (f *Flows) checkPermission(client *oauth.Client, r *TokenRequest, scope oauth.Scope) error {
	grant := oauth.GrantType(r.GrantType)
	switch {
	case !client.MayUse(grant):
		return oauth.NewError(oauth.CodeUnauthorizedClient, "the client is not registered for this grant") // 5.2
	case grant == oauth.GrantClientCredentials && !mayHaveAlone(client, scope):
		return oauth.NewError(oauth.CodeInvalidScope, "the scope is not one this client may have by itself") // 3.3
	case grant == oauth.GrantRefreshToken && !client.Scope.Covers(scope):
		return errWider // RFC 6749 6
	}
	return f.checkResource(client, r.Resource) // RFC 8707 2
}

// authenticate finds the caller and holds it to its rate. Only a proven client uses up a
// client's rate, so that a stranger's wrong secrets cannot; a public one proves nothing.
func (f *Flows) authenticate(ctx context.Context, c *clientauth.Credentials) (*oauth.Client, error) {
	client, err := f.prove(ctx, c)
	if err != nil {
		return nil, f.refuse(ctx, c, err)
	}
	return client, nil
}

// refuse passes on why a client is not let in, and makes it an event if its credentials are at fault.
func (f *Flows) refuse(ctx context.Context, c *clientauth.Credentials, err error) error {
	if oauth.AsError(err).Code == oauth.CodeInvalidClient {
		f.ClientRefused(ctx, c)
	}
	return err
}

// prove is authenticate without an event.
func (f *Flows) prove(ctx context.Context, c *clientauth.Credentials) (*oauth.Client, error) {
	client, err := clientauth.Authenticate(ctx, f.store, c)
	if err != nil {
		return nil, err
	}
	if client.Public() {
		return client, nil
	}
	return client, f.holdToRate(client)
}

// checkResource accepts the one resource a client's tokens are for.
func (f *Flows) checkResource(client *oauth.Client, resource string) error {
	if resource != "" && resource != f.audience(client) {
		return oauth.NewError(oauth.CodeInvalidTarget, "the resource is not one this client has tokens for")
	}
	return nil
}

func (f *Flows) audience(client *oauth.Client) string {
	if client.Audience != "" {
		return client.Audience
	}
	return f.resources
}

// clientCredentials issues a token to the client itself (RFC 6749 4.4). There is no refresh
// token: the credentials are one (4.4.3).
func (f *Flows) clientCredentials(ctx context.Context, c *tokenCall) (*TokenAnswer, error) {
	scope := c.scope
	if scope == nil {
		scope = withoutUserScopes(c.client.Scope) // 3.3: the default
	}
	grant := &oauth.Grant{
		ID:        token.NewGrantID(),
		ClientID:  c.client.ID,
		Subject:   c.client.ID, // RFC 9068 2.2
		Scope:     scope,
		Audience:  f.audience(c.client),
		CreatedAt: c.at,
	}
	return f.issue(ctx, c, grant, scope, EventTokenIssued)
}

// mayHaveAlone reports whether all of a scope is the client's, and nothing of it a person's to give.
func mayHaveAlone(client *oauth.Client, scope oauth.Scope) bool {
	return client.Scope.Covers(scope) && !slices.ContainsFunc(scope, isOfUsers)
}

// withoutUserScopes drops what only a person can give.
func withoutUserScopes(s oauth.Scope) oauth.Scope {
	if !slices.ContainsFunc(s, isOfUsers) {
		return s
	}
	return slices.DeleteFunc(slices.Clone(s), isOfUsers)
}

func isOfUsers(name string) bool {
	switch name {
	case oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeEmail, oauth.ScopeOfflineAccess:
		return true
	}
	return false
}
