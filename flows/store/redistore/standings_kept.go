package redistore

import (
	"time"

	"tollgate/cache"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

const (
	maxStandings = 4096
	standingSize = 1 << 10 // about what one costs, with the records of user and consent
)

// keptStandings are how grants stood when they were last looked at, so that a grant which is used
// again costs neither questions nor the decoding of records while nothing has changed.
type keptStandings struct {
	seed  cache.Seed
	table *cache.Table[keptStanding]
}

// keptStanding is shared and immutable.
type keptStanding struct {
	of      standingOf
	now     store.Standing
	changes uint64 // that were counted before it was read
}

// standingOf is everything of a grant that its standing hangs on.
type standingOf struct {
	clientID, subject, sessionID string
	createdAt, authTime          int64 // Unix ms: cut-offs compare no finer
}

func standingOfGrant(g *oauth.Grant) standingOf {
	return standingOf{g.ClientID, g.Subject, g.SessionID, g.CreatedAt.UnixMilli(), g.AuthTime.UnixMilli()}
}

func newKeptStandings() *keptStandings {
	return &keptStandings{seed: cache.NewSeed(), table: cache.NewTable[keptStanding](maxStandings, maxStandings*standingSize)}
}

// get returns how the grant stands, if nothing has changed since that was read.
func (k *keptStandings) get(g *oauth.Grant, changes uint64, age time.Duration) *store.Standing {
	id := []byte(g.ID)
	kept := k.table.Get(k.seed.Hash(id), id, int64(age))
	if kept == nil || kept.changes != changes || kept.of != standingOfGrant(g) {
		return nil
	}
	return &kept.now
}

// put keeps a standing until the store has an age. The changes were counted before it was read.
func (k *keptStandings) put(g *oauth.Grant, now *store.Standing, changes uint64, age, until time.Duration) {
	e := &cache.Entry[keptStanding]{
		Key: string(g.ID), Size: standingSize, Expires: int64(until),
		Value: keptStanding{of: standingOfGrant(g), now: *now, changes: changes},
	}
	k.table.Put(k.seed.Hash([]byte(g.ID)), e, int64(age))
}
