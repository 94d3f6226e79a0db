package flows

import (
	"bytes"
	"context"
	"errors"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

const sealSuccessor = "refresh token successor"

var (
	errUnknownRefresh = oauth.InvalidGrant("the refresh token is unknown, expired, used, or not this client's")
	errWider          = oauth.NewError(oauth.CodeInvalidScope, "the scope is wider than what was granted")
)

// refreshToken trades a refresh token for its successor and a new access token (RFC 6749 6, RFC
// 9700 4.14.2). It may be repeated with the same token inside the replay window and answers with
// the identical successor, so a phone that lost the answer is not logged out. After that, or once
// the successor was used, the family ends: one of two holders is a thief.
func (f *Flows) refreshToken(ctx context.Context, c *tokenCall) (*TokenAnswer, error) {
	if c.RefreshToken == "" {
		return nil, oauth.InvalidRequest("refresh_token is missing")
	}
	id, presented, ok := f.cfg.Handles.Parse(token.Refresh, c.RefreshToken)
	if !ok {
		return nil, f.wrong(ctx, madeUp(c.client), errUnknownRefresh) // 10.10
	}
	if err := f.mayTry(ctx, id); err != nil {
		return nil, err
	}
	family, refresh, err := f.rotate(ctx, c, id, presented)
	if err != nil {
		return nil, err
	}
	if err := f.endUnless(ctx, &family.Grant, f.familyStands(ctx, family)); err != nil {
		return nil, err
	}
	scope := family.Grant.Scope.Within(c.client.Scope)
	if c.scope != nil {
		scope = c.scope
	}
	grant := family.Grant
	grant.Nonce = "" // OIDC Core 12.2: an id_token from a refresh should have none
	answer, err := f.issue(ctx, c, &grant, scope, EventTokenRefreshed)
	if err != nil {
		return nil, err
	}
	answer.RefreshToken = refresh
	return answer, nil
}

// familyStands is grantStands, and holds the family to this node's refresh_ttl: it may have begun
// under a longer one, while what ends it is remembered for as long as this one.
func (f *Flows) familyStands(ctx context.Context, family *store.Family) error {
	if f.now().After(family.Grant.CreatedAt.Add(f.cfg.RefreshTTL)) {
		return store.ErrRevoked
	}
	return f.grantStands(ctx, &family.Grant)
}

// rotate replaces the token in one atomic step and returns the successor in clear.
func (f *Flows) rotate(ctx context.Context, c *tokenCall, id oauth.GrantID, presented store.Hash) (*store.Family, string, error) {
	successor := f.cfg.Handles.New(token.Refresh, id)
	sealed, err := token.Seal(c.RefreshToken, sealSuccessor, []byte(successor))
	if err != nil {
		return nil, "", oauth.Internal(err)
	}
	family, kept, err := f.store.Rotate(ctx, &store.Rotation{
		Grant:     id,
		Presented: presented,
		ClientID:  c.client.ID, // RFC 6749 6: bound to the client
		Successor: token.HashOf(successor),
		Sealed:    sealed,
		Scope:     c.scope, // 6: a client that asks for too much keeps its token
		Now:       f.now(),
		Window:    f.cfg.ReplayWindow,
		EndUntil:  f.tokensEnd(),
	})
	switch {
	case errors.Is(err, store.ErrReused):
		f.emitGrant(ctx, EventRefreshReused, &family.Grant, "")
		return nil, "", f.wrong(ctx, string(id), errUnknownRefresh)
	case errors.Is(err, store.ErrAbsent), errors.Is(err, store.ErrEnded), errors.Is(err, store.ErrMismatch):
		return nil, "", f.wrong(ctx, string(id), errUnknownRefresh)
	case errors.Is(err, store.ErrWider):
		return nil, "", errWider
	case err != nil:
		return nil, "", outage(err)
	}
	if bytes.Equal(kept, sealed) {
		return family, successor, nil
	}
	clear, err := token.Open(c.RefreshToken, sealSuccessor, kept) // of who came first with the same token
	if err != nil {
		return nil, "", oauth.Internal(err)
	}
	f.emitGrant(ctx, EventRefreshReplayed, &family.Grant, "")
	return family, string(clear), nil
}
