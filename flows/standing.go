package flows

import (
	"context"
	"errors"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// grantStands returns store.ErrRevoked where the client, the user or the session of a grant was
// ended since it was given. Whether the grant itself was, taking the code or rotating the token
// has told. Generations decide first: they need no clock, and nobody forgets them.
func (f *Flows) grantStands(ctx context.Context, g *oauth.Grant) error {
	if err := f.clientStands(ctx, g); err != nil {
		return err
	}
	if err := f.userStands(ctx, g.Subject, g.UserGeneration); err != nil {
		return err
	}
	for _, err := range f.checkRevokedAll(ctx, []store.TokenRef{
		{ClientID: g.ClientID, IssuedAt: g.CreatedAt},
		{Subject: g.Subject, SessionID: g.SessionID, IssuedAt: g.AuthTime},
	}) {
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *Flows) clientStands(ctx context.Context, g *oauth.Grant) error {
	client, err := f.store.GetClient(ctx, g.ClientID)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return store.ErrRevoked
	case err != nil:
		return outage(err)
	case client.Disabled, client.Generation != g.ClientGeneration:
		return store.ErrRevoked
	}
	return nil
}

// userStands returns store.ErrRevoked where what a user was given in a generation has ended.
func (f *Flows) userStands(ctx context.Context, subject, generation string) error {
	user, err := f.store.GetUser(ctx, subject)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return store.ErrRevoked
	case err != nil:
		return outage(err)
	case user.Disabled, user.Generation != generation:
		return store.ErrRevoked
	}
	return nil
}

// consentStands returns store.ErrRevoked where the consent behind a code was withdrawn before the
// code was redeemed: withdrawing ends families, and a code has none yet.
func (f *Flows) consentStands(ctx context.Context, g *oauth.Grant) error {
	consent, err := f.store.GetConsent(ctx, g.Subject, g.ClientID)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return store.ErrRevoked
	case err != nil:
		return outage(err)
	case !consent.Scope.Covers(g.Scope):
		return store.ErrRevoked
	}
	return nil
}

// endUnless passes on what a check said of a grant. One that does not stand is ended for good.
func (f *Flows) endUnless(ctx context.Context, g *oauth.Grant, said error) error {
	if !errors.Is(said, store.ErrRevoked) {
		return said
	}
	if err := f.endGrant(ctx, g, "no longer stands"); err != nil {
		return err
	}
	return oauth.InvalidGrant("the grant was ended")
}
