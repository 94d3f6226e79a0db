package memstore

import (
	"context"
	"time"

	"tollgate/flows/store"
)

// fenceLife is how long a fence is remembered after the lease was last taken: longer than any
// writer can be late.
const fenceLife = 365 * 24 * time.Hour

// TakeLease implements store.Leases.
func (s *Store) TakeLease(_ context.Context, name, owner string, ttl time.Duration) (store.Lease, error) {
	v := s.lock(name)
	defer v.unlock()
	lease, held := find[store.Lease](v, kindLease, name)
	if held && lease.Owner != owner {
		return store.Lease{}, store.ErrHeld
	}
	until := v.now.Add(ttl)
	if !held {
		last, _ := find[int64](v, kindFence, name)
		if err := v.put(kindFence, name, last+1, v.now.Add(fenceLife)); err != nil {
			return store.Lease{}, err
		}
		lease = store.Lease{Name: name, Owner: owner, Fence: last + 1}
	}
	lease.Until = until
	return lease, v.put(kindLease, name, lease, until)
}

// ReleaseLease implements store.Leases.
func (s *Store) ReleaseLease(_ context.Context, name, owner string) error {
	v := s.lock(name)
	defer v.unlock()
	if lease, held := find[store.Lease](v, kindLease, name); held && lease.Owner == owner {
		v.drop(kindLease, name)
	}
	return nil
}
