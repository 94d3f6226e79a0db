package flows

import (
	"context"
	"errors"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

// Revoke ends a token of the calling client (RFC 7009 2.1). A refresh token ends its whole grant;
// an access token ends alone. A token that is not good is a success (2.2): what the client wanted
// is so. Success is said only once every node will refuse the token.
func (f *Flows) Revoke(ctx context.Context, r *RevokeRequest) error {
	client, err := f.authenticate(ctx, &r.Client)
	if err != nil {
		return err
	}
	if r.Token == "" {
		return oauth.InvalidRequest("token is missing") // 2.1
	}
	return f.revoke(ctx, r.Token, client.ID)
}

// revoke ends a token. With an owner, only if it is the owner's.
func (f *Flows) revoke(ctx context.Context, tok, owner string) error {
	if id, _, ok := f.cfg.Handles.Parse(token.Refresh, tok); ok {
		return f.revokeRefresh(ctx, id, owner)
	}
	k, err := f.verify(ctx, bytesOf(tok), f.cfg.Now())
	switch {
	case err != nil && oauth.AsError(err).Code == oauth.CodeInvalidToken:
		return nil // 2.2
	case err != nil:
		return err
	case owner != "" && k.claims.ClientID != owner:
		return errNotYours
	}
	claims := &k.claims
	if err := f.store.RevokeToken(ctx, claims.ID, tokenEnd(claims.Expires)); err != nil {
		return outage(err)
	}
	f.emit(ctx, EventTokenRevoked, Event{ClientID: claims.ClientID, Subject: claims.Subject, Grant: claims.Grant})
	return nil
}

var errNotYours = oauth.NewError(oauth.CodeUnauthorizedClient, "the token was issued to another client") // RFC 7009 2.1

func (f *Flows) revokeRefresh(ctx context.Context, id oauth.GrantID, owner string) error {
	family, err := f.store.EndFamily(ctx, id, owner, f.tokensEnd())
	switch {
	case errors.Is(err, store.ErrAbsent), errors.Is(err, store.ErrEnded):
		return nil // 2.2
	case errors.Is(err, store.ErrMismatch):
		return errNotYours
	case err != nil:
		return outage(err)
	}
	f.emitGrant(ctx, EventGrantRevoked, &family.Grant, "revoked")
	return nil
}

// endGrant ends a grant on every node: its refresh token and all its access tokens.
func (f *Flows) endGrant(ctx context.Context, g *oauth.Grant, why string) error {
	if err := f.store.RevokeGrant(ctx, g.ID, f.tokensEnd()); err != nil {
		return outage(err)
	}
	f.emitGrant(ctx, EventGrantRevoked, g, why)
	return nil
}
