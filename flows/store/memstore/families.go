package memstore

import (
	"context"
	"slices"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

type family struct {
	family   store.Family
	previous store.Hash // zero before the first rotation
	sealed   []byte     // the successor of previous
	ended    bool
}

// beginFamily stores the family of a code that was just spent.
func (v view) beginFamily(c *store.Code, t *store.TakeCode) error {
	f := store.Family{Grant: cloneGrant(&c.Grant), ExpiresAt: c.Until}
	if c.Refreshable {
		f.Current = t.Refresh
	}
	return v.put(kindFamily, string(t.Grant), &family{family: f}, f.ExpiresAt)
}

// GetFamily implements store.Families.
func (s *Store) GetFamily(_ context.Context, id oauth.GrantID) (*store.Family, error) {
	v := s.lock(string(id))
	defer v.unlock()
	f, ok := find[*family](v, kindFamily, string(id))
	switch {
	case ok && f.ended, !ok && v.grantEnded(string(id)):
		return nil, store.ErrEnded
	case !ok:
		return nil, store.ErrAbsent
	}
	return cloneFamily(&f.family), nil
}

// Rotate implements store.Families.
func (s *Store) Rotate(_ context.Context, r *store.Rotation) (*store.Family, []byte, error) {
	grant := string(r.Grant)
	v := s.lock(grant)
	defer v.unlock()
	f, ok := find[*family](v, kindFamily, grant)
	switch {
	case !ok || !r.Now.Before(f.family.ExpiresAt):
		return nil, nil, store.ErrAbsent
	case f.family.Grant.ClientID != r.ClientID: // a stranger cannot end somebody's family
		return nil, nil, store.ErrMismatch
	case f.ended:
		return nil, nil, store.ErrEnded
	}
	current := r.Presented == f.family.Current && r.Presented != store.Hash{} // zero is no token
	retry := r.Presented == f.previous && r.Now.Sub(f.family.RotatedAt) <= r.Window && r.Presented != store.Hash{}
	switch {
	case (current || retry) && !f.family.Grant.Scope.Covers(r.Scope):
		return nil, nil, store.ErrWider
	case current:
		f.previous, f.family.Current = f.family.Current, r.Successor
		f.family.RotatedAt = r.Now
		f.sealed = slices.Clone(r.Sealed)
		return cloneFamily(&f.family), slices.Clone(f.sealed), nil
	case retry:
		return cloneFamily(&f.family), slices.Clone(f.sealed), nil
	}
	v.endGrant(grant, r.EndUntil)
	return cloneFamily(&f.family), nil, store.ErrReused
}

// EndFamily implements store.Families.
func (s *Store) EndFamily(_ context.Context, id oauth.GrantID, owner string, until time.Time) (*store.Family, error) {
	v := s.lock(string(id))
	defer v.unlock()
	f, ok := find[*family](v, kindFamily, string(id))
	switch {
	case !ok:
		return nil, store.ErrAbsent
	case owner != "" && f.family.Grant.ClientID != owner:
		return nil, store.ErrMismatch
	}
	before := f.ended
	v.endGrant(string(id), until)
	if before {
		return nil, store.ErrEnded
	}
	return cloneFamily(&f.family), nil
}

// endGrant ends the family, the code that waits and every access token of the grant.
func (v view) endGrant(grant string, until time.Time) {
	v.raise(kindEndedGrant, grant, time.Time{}, until)
	if f, ok := find[*family](v, kindFamily, grant); ok {
		f.ended = true
	}
	v.endCode(grant)
}

func (v view) grantEnded(grant string) bool {
	_, ended := find[time.Time](v, kindEndedGrant, grant)
	return ended
}

func cloneFamily(f *store.Family) *store.Family {
	g := *f
	g.Grant = cloneGrant(&f.Grant)
	return &g
}
