package flows

import (
	"context"
	"errors"
	"sync"
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

const typeBearer = "Bearer"

// IntrospectOne fills in the answer about one token (RFC 7662 2). What the caller may not see, what
// is not good and what never was are the same answer: inactive (2.2). It keeps nothing of what it is
// given. A caller that is refused as a client is no event yet: who asks makes it one by ClientRefused,
// so that only then a context must be made that knows the request.
func (f *Flows) IntrospectOne(ctx context.Context, caller *clientauth.Credentials, tok string, a *Introspection) error {
	*a = Introspection{}
	client, err := f.introspector(ctx, caller)
	if err != nil {
		return err
	}
	now := f.cfg.Now() // who calls may have had to be looked up
	k, ref, err := f.look(ctx, client, tok, now, nil, a)
	switch {
	case err != nil:
		return err
	case k != nil:
		err = f.checkKnown(ctx, k, now)
	case a.Active:
		err = f.checkRevoked(ctx, ref)
	}
	if err != nil {
		*a = Introspection{}
	}
	if errors.Is(err, store.ErrRevoked) {
		return nil
	}
	return err
}

// Introspect answers as IntrospectOne does, one answer per token, in order. The store is asked once
// for all of them.
func (f *Flows) Introspect(ctx context.Context, r *IntrospectRequest) ([]Introspection, error) {
	client, err := f.introspector(ctx, &r.Client)
	if err != nil {
		return nil, f.refuse(ctx, &r.Client, err)
	}
	batch := batch{answers: make([]Introspection, len(r.Tokens))}
	now := f.cfg.Now()
	// However many name keys that nobody knows, the key set is read again once: forged headers must
	// not make the good tokens beside them wait.
	reread := sync.OnceValue(func() error { return f.keys.Refresh(ctx) })
	for i, tok := range r.Tokens {
		a, q := &batch.answers[i], asked{answer: i}
		k, ref, err := f.look(ctx, client, tok, now, reread, a)
		if err != nil {
			return nil, err
		}
		if k != nil {
			q.known, q.generation, ref = k, f.store.Generation(k.claims.Grant), f.ref(&k.claims)
		}
		switch {
		case !a.Active:
		case k != nil && k.stands(q.generation, f.age(now)):
			f.heard(now)
		default:
			batch.refs, batch.asked = append(batch.refs, ref), append(batch.asked, q)
		}
	}
	return batch.answers, f.checkBatch(ctx, &batch, now)
}

// batch is many answers, and what the store must be asked for some of them.
type batch struct {
	answers []Introspection
	refs    []store.TokenRef
	asked   []asked // what refs[i] is about
}

type asked struct {
	answer     int
	known      *known // nil for a refresh token
	generation uint64 // of a known one, from before it was asked about
}

// checkBatch takes back the answers about what was revoked.
func (f *Flows) checkBatch(ctx context.Context, b *batch, now time.Time) error {
	if len(b.refs) == 0 {
		return nil
	}
	for i, err := range f.checkRevokedAll(ctx, b.refs) {
		q := &b.asked[i]
		switch {
		case errors.Is(err, store.ErrRevoked):
			b.answers[q.answer] = Introspection{}
		case err != nil:
			return err
		case q.known != nil:
			q.known.confirm(q.generation, f.age(now)+f.store.GenerationLife())
		}
	}
	return nil
}

// introspector is the caller, who must be a client that proves something: else anybody scans
// tokens (2.1).
func (f *Flows) introspector(ctx context.Context, caller *clientauth.Credentials) (*oauth.Client, error) {
	client, err := f.prove(ctx, caller)
	if err != nil {
		return nil, err
	}
	if client.Public() {
		caller.Refused = clientauth.ReasonPublic
		return nil, oauth.InvalidClient()
	}
	return client, nil
}

// look fills in what the bytes say, as far as the caller may know it. A hint is not needed: the two
// kinds of token cannot be taken for one another (2.1). An active access token is known; of an
// active refresh token ref says what it hangs on. reread, if not nil, reads the key set again.
func (f *Flows) look(ctx context.Context, caller *oauth.Client, tok string, now time.Time, reread func() error, a *Introspection) (k *known, ref store.TokenRef, err error) {
	if id, hash, ok := f.cfg.Handles.Parse(token.Refresh, tok); ok {
		ref, err = f.lookAtRefresh(ctx, caller, id, hash, a)
		return nil, ref, err
	}
	if reread == nil {
		k, err = f.verify(ctx, bytesOf(tok), now)
	} else if k, err = f.examine(bytesOf(tok), now); err == token.ErrUnknownKey {
		k, err = f.examineAfter(f.newKeys(bytesOf(tok), now, reread), bytesOf(tok), now)
	}
	switch {
	case err != nil && oauth.AsError(err).Code == oauth.CodeInvalidToken:
		a.Expired = errors.Is(err, token.ErrExpired)
		return nil, ref, nil
	case err != nil:
		return nil, ref, err
	case !mayLook(caller, k.claims.ClientID, k.claims.Audience):
		return nil, ref, nil
	}
	c := &k.claims
	*a = Introspection{
		Active: true, TokenType: typeBearer, TokenUse: "access_token",
		Scope: c.Scope, ClientID: c.ClientID, Subject: c.Subject, Audience: c.Audience,
		Issuer: c.Issuer, TokenID: string(c.ID), SessionID: c.SessionID,
		Expires: c.Expires, IssuedAt: c.IssuedAt, Recalled: k.recalled(),
	}
	return k, ref, nil
}

func (f *Flows) lookAtRefresh(ctx context.Context, caller *oauth.Client, id oauth.GrantID, hash store.Hash, a *Introspection) (store.TokenRef, error) {
	family, err := f.store.GetFamily(ctx, id)
	switch {
	case errors.Is(err, store.ErrAbsent), errors.Is(err, store.ErrEnded):
		return store.TokenRef{}, nil
	case err != nil:
		return store.TokenRef{}, outage(err)
	case family.Current != hash, !mayLook(caller, family.Grant.ClientID, ""):
		return store.TokenRef{}, nil
	}
	switch err := f.familyStands(ctx, family); {
	case errors.Is(err, store.ErrRevoked):
		return store.TokenRef{}, nil
	case err != nil:
		return store.TokenRef{}, err
	}
	g := &family.Grant
	*a = Introspection{
		Active: true, TokenUse: "refresh_token",
		Scope: g.Scope.String(), ClientID: g.ClientID, Subject: g.Subject, Username: g.Username,
		Issuer: f.cfg.Issuer, SessionID: g.SessionID,
		Expires: family.ExpiresAt.Unix(), IssuedAt: g.CreatedAt.Unix(),
	}
	return refOf(g), nil
}

// mayLook reports whether a token is the caller's business: its own, meant for it, or any where
// the caller is registered for that (RFC 7662 4).
func mayLook(caller *oauth.Client, clientID, audience string) bool {
	return caller.IntrospectAny || caller.ID == clientID || caller.ID == audience
}
