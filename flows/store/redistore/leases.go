package redistore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"tollgate/flows/store"
)

// fenceLife is how long a fence is remembered after the lease was last taken: longer than any
// writer can be late.
const fenceLife = 365 * 24 * time.Hour

// TakeLease implements store.Leases. Until counts from before the question, so that the holder
// never believes in the lease longer than Redis does.
func (s *Store) TakeLease(ctx context.Context, name, owner string, life time.Duration) (store.Lease, error) {
	const op = "take_lease"
	asked := s.now()
	values, err := s.exec(ctx, takeLease, op, []string{s.names.lease(name), s.names.fence(name)},
		owner, ttl(life), ttl(fenceLife))
	if err != nil {
		return store.Lease{}, err
	}
	fence, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil {
		return store.Lease{}, fmt.Errorf("redistore: %s: fence: %w", op, err)
	}
	return store.Lease{Name: name, Owner: owner, Fence: fence, Until: asked.Add(life)}, nil
}

// ReleaseLease implements store.Leases.
func (s *Store) ReleaseLease(ctx context.Context, name, owner string) error {
	_, err := s.exec(ctx, releaseLease, "release_lease", []string{s.names.lease(name)}, owner)
	return err
}
