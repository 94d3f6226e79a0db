package flows

import (
	"context"
	"errors"
	"sync"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

const typeBearer = "Bearer"

// Introspect answers one Introspection per token, in order (RFC 7662 2). What the caller may not
// see, what is not good and what never was are the same answer: inactive (2.2).
func (f *Flows) Introspect(ctx context.Context, r *IntrospectRequest) ([]Introspection, error) {
	client, err := f.authenticate(ctx, &r.Client)
	if err != nil {
		return nil, err
	}
	if client.Public() {
		return nil, oauth.InvalidClient() // 2.1: a caller that proves nothing scans tokens
	}
	answers := make([]Introspection, len(r.Tokens))
	refs := make([]store.TokenRef, 0, len(r.Tokens))
	asked := make([]int, 0, len(r.Tokens)) // refs[i] is about answers[asked[i]]
	look := f.lookFor(ctx, client)
	for i, tok := range r.Tokens {
		ref, err := look.at(ctx, tok, &answers[i])
		if err != nil {
			return nil, err
		}
		if answers[i].Active {
			refs, asked = append(refs, ref), append(asked, i)
		}
	}
	if len(refs) == 0 {
		return answers, nil
	}
	for i, err := range f.checkRevokedAll(ctx, refs) {
		switch {
		case errors.Is(err, store.ErrRevoked):
			answers[asked[i]] = Introspection{}
		case err != nil:
			return nil, err
		}
	}
	return answers, nil
}

// look is one caller's look at one token or many. However many name keys that nobody knows, the
// key set is read again once: forged headers must not make the good tokens beside them wait.
type look struct {
	*Flows
	caller  *oauth.Client
	refresh func() error
}

func (f *Flows) lookFor(ctx context.Context, caller *oauth.Client) *look {
	return &look{f, caller, sync.OnceValue(func() error { return f.keys.Refresh(ctx) })}
}

// at fills in what the bytes say, as far as the caller may know it. A hint is not needed: the two
// kinds of token cannot be taken for one another (2.1).
func (l *look) at(ctx context.Context, tok string, a *Introspection) (store.TokenRef, error) {
	if id, hash, ok := l.cfg.Handles.Parse(token.Refresh, tok); ok {
		return l.atRefresh(ctx, id, hash, a)
	}
	claims, err := l.verifyAfter([]byte(tok), l.refresh)
	switch {
	case err != nil && oauth.AsError(err).Code == oauth.CodeInvalidToken:
		return store.TokenRef{}, nil
	case err != nil:
		return store.TokenRef{}, err
	case !mayLook(l.caller, claims.ClientID, claims.Audience):
		return store.TokenRef{}, nil
	}
	*a = Introspection{
		Active: true, TokenType: typeBearer, TokenUse: "access_token",
		Scope: claims.Scope, ClientID: claims.ClientID, Subject: claims.Subject, Audience: claims.Audience,
		Issuer: claims.Issuer, TokenID: string(claims.ID), SessionID: claims.SessionID,
		Expires: claims.Expires, IssuedAt: claims.IssuedAt,
	}
	return l.ref(claims), nil
}

func (l *look) atRefresh(ctx context.Context, id oauth.GrantID, hash store.Hash, a *Introspection) (store.TokenRef, error) {
	family, err := l.store.GetFamily(ctx, id)
	switch {
	case errors.Is(err, store.ErrAbsent), errors.Is(err, store.ErrEnded):
		return store.TokenRef{}, nil
	case err != nil:
		return store.TokenRef{}, outage(err)
	case family.Current != hash, !mayLook(l.caller, family.Grant.ClientID, ""):
		return store.TokenRef{}, nil
	}
	switch err := l.familyStands(ctx, family); {
	case errors.Is(err, store.ErrRevoked):
		return store.TokenRef{}, nil
	case err != nil:
		return store.TokenRef{}, err
	}
	g := &family.Grant
	*a = Introspection{
		Active: true, TokenUse: "refresh_token",
		Scope: g.Scope.String(), ClientID: g.ClientID, Subject: g.Subject, Username: g.Username,
		Issuer: l.cfg.Issuer, SessionID: g.SessionID,
		Expires: family.ExpiresAt.Unix(), IssuedAt: g.CreatedAt.Unix(),
	}
	return refOf(g), nil
}

// mayLook reports whether a token is the caller's business: its own, meant for it, or any where
// the caller is registered for that (RFC 7662 4).
func mayLook(caller *oauth.Client, clientID, audience string) bool {
	return caller.IntrospectAny || caller.ID == clientID || caller.ID == audience
}
