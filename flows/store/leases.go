package store

import (
	"context"
	"time"
)

// Lease is the right to do something alone for a while.
type Lease struct {
	Name  string
	Owner string
	Fence int64 // grows with every new holder, so that a late writer can be told apart
	Until time.Time
}

// Leases hands out leases.
type Leases interface {
	// TakeLease gives the lease to owner for ttl if it is free, or renews it if owner holds it
	// (the fence stays); ErrHeld if somebody else does.
	TakeLease(ctx context.Context, name, owner string, ttl time.Duration) (Lease, error)
	// ReleaseLease gives it back early. One that is not held is no error.
	ReleaseLease(ctx context.Context, name, owner string) error
}
