package flows

import (
	"context"
	"errors"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// Grants are checked from memory, so that /token costs the one round trip of its script. Two rules
// make that safe.
//
// A refusal is never memory's. What says no is asked again of the store itself: a record that
// another node made a moment ago is found, and no grant is ended by what was true before.
//
// An acceptance is as stale as one of /validate at most: milliseconds while the store is well,
// validate.max_stale while a connection to it hangs. The check comes after the script, whose reply
// follows, on the connection that brings the news, all news from before the script ran. What slips
// through where news travel by another connection (a cluster; redis.wait_replicas) dies with what it
// hangs on: families and sessions by their generations and their consent, at their next use; access
// tokens of who is disabled or deleted by a cut-off that lies ahead, those of a session or a grant
// that ended by its id. An access token of a user who stays enabled is dated before the check and so
// ends with any cut-off that is set after it.

// grantStands returns store.ErrRevoked where the client, the user, the consent or the session of a
// grant was ended since it was given. Whether the grant itself was, taking the code or rotating the
// token has told. Generations decide first: they need no clock, and nobody forgets them.
func (f *Flows) grantStands(ctx context.Context, g *oauth.Grant) error {
	for range 2 {
		now, err := f.store.GetStanding(ctx, g)
		if err != nil {
			return outage(err)
		}
		if stands(now, g) {
			return nil
		}
		ctx = store.Fresh(ctx)
	}
	return store.ErrRevoked
}

func stands(now *store.Standing, g *oauth.Grant) bool {
	switch {
	case now.Client == nil, now.Client.Disabled, now.Client.Generation != g.ClientGeneration:
	case now.User == nil, now.User.Disabled, now.User.Generation != g.UserGeneration:
	case now.Consent == nil, !now.Consent.Scope.Covers(g.Scope):
	case now.Revoked, !store.SameLife(now.Epoch, g.Epoch):
	default:
		return true
	}
	return false
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

// isOver reports whether the stored data have begun another life than the one that the epoch names.
func (f *Flows) isOver(epoch string) bool {
	set := f.keys.Snapshot()
	return set != nil && !store.SameLife(set.Epoch, epoch)
}
