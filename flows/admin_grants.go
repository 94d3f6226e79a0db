package flows

import (
	"context"
	"errors"
	"strings"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

var errNoGrant = oauth.NewError(oauth.CodeNotFound, "there is no such grant")

// GrantInfo is a live grant as an operator sees it.
type GrantInfo struct {
	oauth.Grant
	Refreshable bool // it has a refresh token
	RotatedAt   time.Time
	ExpiresAt   time.Time
}

// ListGrants returns live grants of a user, of a client, or of both; newest first. It says not_found
// where there is no such user or client: a slip must not look like somebody who holds nothing.
func (f *Flows) ListGrants(ctx context.Context, username, clientID, cursor string, limit int) ([]GrantInfo, string, error) {
	subject, err := f.holder(ctx, username, clientID)
	if err != nil {
		return nil, "", err
	}
	families, next, err := f.store.ListFamilies(ctx, subject, clientID, store.Page{Cursor: cursor, Limit: limit})
	if err != nil {
		return nil, "", outage(err)
	}
	refs := make([]store.TokenRef, len(families))
	for i, family := range families {
		refs[i] = refOf(&family.Grant)
	}
	out := []GrantInfo{}
	for i, err := range f.checkRevokedAll(store.Fresh(ctx), refs) {
		switch family := families[i]; {
		case errors.Is(err, store.ErrRevoked): // with all of its user, client or session
		case err != nil:
			return nil, "", err
		case f.isOver(family.Grant.Epoch):
		default:
			out = append(out, GrantInfo{
				Grant: family.Grant, Refreshable: family.Current != store.Hash{},
				RotatedAt: family.RotatedAt, ExpiresAt: family.ExpiresAt,
			})
		}
	}
	return out, next, nil
}

// refOf is what the tokens of a grant hang on.
func refOf(g *oauth.Grant) store.TokenRef {
	return store.TokenRef{Grant: g.ID, ClientID: g.ClientID, Subject: g.Subject, SessionID: g.SessionID, IssuedAt: g.CreatedAt}
}

// holder checks that everybody who is named exists, and that somebody is. It returns the user's
// subject, "" where none is named.
func (f *Flows) holder(ctx context.Context, username, clientID string) (subject string, err error) {
	if username == "" && clientID == "" {
		return "", oauth.InvalidRequest("name a user or a client")
	}
	if username != "" {
		u, err := f.GetUser(ctx, username)
		if err != nil {
			return "", err
		}
		subject = u.Subject
	}
	if clientID != "" {
		_, err = f.GetClient(ctx, clientID)
	}
	return subject, err
}

// RevokeGrantByID ends one grant with all its tokens. It says not_found of one that has ended.
func (f *Flows) RevokeGrantByID(ctx context.Context, id oauth.GrantID) error {
	family, err := f.store.GetFamily(ctx, id)
	switch {
	case errors.Is(err, store.ErrAbsent), errors.Is(err, store.ErrEnded):
		return errNoGrant
	case err != nil:
		return outage(err)
	}
	switch err := f.checkRevoked(store.Fresh(ctx), refOf(&family.Grant)); {
	case errors.Is(err, store.ErrRevoked):
		return errNoGrant
	case err != nil:
		return err
	}
	return f.endGrant(ctx, &family.Grant, "by an operator")
}

// RevokeGrants ends everything a user holds, or everything a client holds, sessions included; or
// what a user granted one client, together with the consent. It says not_found where there is no
// such user or client; deleting one has ended everything already.
func (f *Flows) RevokeGrants(ctx context.Context, username, clientID string) error {
	subject, err := f.holder(ctx, username, clientID)
	switch {
	case err != nil:
		return err
	case subject == "":
		return f.endClient(ctx, clientID)
	case clientID == "":
		return f.endUser(ctx, username)
	}
	return f.withdraw(ctx, subject, clientID)
}

// withdraw forgets a consent first, so that no new grant slips in behind the ones it ends.
func (f *Flows) withdraw(ctx context.Context, subject, clientID string) error {
	if err := f.store.DeleteConsent(ctx, subject, clientID); err != nil {
		return outage(err)
	}
	f.emit(ctx, EventConsentWithdrawn, Event{ClientID: clientID, Subject: subject})
	page := store.Page{Limit: 100}
	for {
		families, next, err := f.store.ListFamilies(ctx, subject, clientID, page)
		if err != nil {
			return outage(err)
		}
		for _, family := range families {
			if err := f.endGrant(ctx, &family.Grant, "consent withdrawn"); err != nil {
				return err
			}
		}
		if page.Cursor = next; next == "" {
			return nil
		}
	}
}

// TokenInfo is what an operator may know of a token.
type TokenInfo struct {
	Introspection
	Problem string // why it is not active, "" where it is
}

// InspectToken looks at any token without being a client.
func (f *Flows) InspectToken(ctx context.Context, tok string) (*TokenInfo, error) {
	info := &TokenInfo{}
	k, ref, err := f.look(ctx, operator, tok, f.cfg.Now(), nil, &info.Introspection)
	if err != nil {
		return nil, err
	}
	if k != nil {
		ref = f.ref(&k.claims)
	}
	if !info.Active {
		info.Problem = f.whyInactive(tok)
		return info, nil
	}
	switch err := f.checkRevoked(store.Fresh(ctx), ref); {
	case errors.Is(err, store.ErrRevoked):
		return &TokenInfo{Problem: "it was revoked"}, nil
	case err != nil:
		return nil, err
	}
	return info, nil
}

// whyInactive is for operators only: a caller of /introspect learns nothing of what is not active. A key that
// was revoked is gone, so whether it signed the token cannot be told any more.
func (f *Flows) whyInactive(tok string) string {
	header, _, _ := strings.Cut(tok, ".")
	if set := f.keys.Snapshot(); set != nil && set.IsRevoked([]byte(header)) {
		return "it names a signing key that was revoked, and everything such a key has signed is refused"
	}
	return "it is no token of this issuer, or it has expired or was replaced"
}

// operator may look at everything.
var operator = &oauth.Client{IntrospectAny: true}

var errNothingToEnd = oauth.InvalidRequest("this is no access or refresh token of this issuer, or it has expired: nothing was ended")

// RevokeAnyToken ends a token whoever holds it: a refresh token with its grant. What is no token is
// refused, for an operator wants to know that nothing was ended.
func (f *Flows) RevokeAnyToken(ctx context.Context, tok string) error {
	if _, _, ok := f.cfg.Handles.Parse(token.Refresh, tok); !ok {
		switch _, err := f.verify(ctx, bytesOf(tok), f.cfg.Now()); {
		case err != nil && oauth.AsError(err).Code == oauth.CodeInvalidToken:
			return errNothingToEnd // the caller's own credentials are good
		case err != nil:
			return err
		}
	}
	return f.revoke(ctx, tok, "")
}
