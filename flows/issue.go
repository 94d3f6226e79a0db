package flows

import (
	"context"
	"errors"

	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/token"
)

var errNoKeys = errors.New("no signing keys are loaded yet")

// issue mints the access token of a grant, and the id_token where the scope asks for one. Signing
// is what /token costs, so it waits for its turn; what is issued is dated before that all the same.
func (f *Flows) issue(ctx context.Context, c *tokenCall, g *oauth.Grant, scope oauth.Scope, what EventType) (*TokenAnswer, error) {
	key, err := f.signingKey(c.client)
	if err != nil {
		return nil, err
	}
	if err := f.signing.take(ctx); err != nil {
		return nil, err
	}
	answer, err := func() (*TokenAnswer, error) {
		defer f.signing.give()
		if key.Alg == oauth.RS256 {
			return f.mintAside(c, key, g, scope)
		}
		return f.mint(c, key, g, scope)
	}()
	if err != nil {
		return nil, oauth.Internal(err)
	}
	f.emitGrant(ctx, what, g, "")
	return answer, nil
}

func (f *Flows) signingKey(client *oauth.Client) (*keys.Key, error) {
	set := f.keys.Snapshot()
	if set == nil {
		return nil, oauth.Unavailable(errNoKeys)
	}
	alg := client.SigningAlg
	if alg == "" {
		alg = f.cfg.SigningAlg
	}
	key := set.Active(alg)
	if key == nil {
		return nil, oauth.Unavailable(errNoKeys)
	}
	return key, nil
}

// mintAside is mint where the signature takes long.
func (f *Flows) mintAside(c *tokenCall, key *keys.Key, g *oauth.Grant, scope oauth.Scope) (answer *TokenAnswer, err error) {
	aside(func() { answer, err = f.mint(c, key, g, scope) })
	return answer, err
}

func (f *Flows) mint(c *tokenCall, key *keys.Key, g *oauth.Grant, scope oauth.Scope) (*TokenAnswer, error) {
	words := scope.String()
	access, err := token.MintAccess(key, &token.Access{
		Issuer:    f.cfg.Issuer,
		Subject:   g.Subject,
		Audience:  f.audience(c.client), // not the grant's: what may be asked for by resource, RFC 8707 2.2
		ClientID:  g.ClientID,
		Scope:     words,
		SessionID: g.SessionID,
		ID:        token.NewTokenID(g.ID, c.at),
		IssuedAt:  c.at.Unix(),
		Expires:   c.at.Add(f.cfg.AccessTTL).Unix(),
	})
	if err != nil {
		return nil, err
	}
	answer := &TokenAnswer{AccessToken: access, ExpiresIn: int64(f.cfg.AccessTTL.Seconds()), Scope: words}
	if !scope.Has(oauth.ScopeOpenID) {
		return answer, nil
	}
	answer.IDToken, err = token.MintID(key, &token.IDClaims{ // OIDC Core 2
		Issuer:    f.cfg.Issuer,
		Subject:   g.Subject,
		Audience:  g.ClientID,
		Nonce:     g.Nonce,
		AtHash:    token.AtHash(key.Alg, access),
		SessionID: g.SessionID,
		AuthTime:  g.AuthTime.Unix(),
		IssuedAt:  c.at.Unix(),
		Expires:   c.at.Add(f.cfg.IDTokenTTL).Unix(),
	})
	return answer, err
}
