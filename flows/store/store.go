package store

import (
	"context"
	"errors"
	"time"
)

// Store is everything a backend keeps. Flows take the group they need, never the whole.
type Store interface {
	Clients
	Users
	Sessions
	Interactions
	Consents
	Codes
	Families
	Standings
	Revocations
	SigningKeys
	Leases
	Events

	// Ping reports whether the backend answers and how long it took.
	Ping(ctx context.Context) (time.Duration, error)
	// Name is "memory" or "redis", for logs, metrics and /healthz.
	Name() string
	// Close releases what the backend holds. No method may be called after it.
	Close() error
}

// Hash is SHA-256 over a handle: what is stored in place of anything that opens something.
type Hash [32]byte

// The answers that are decisions, not failures.
var (
	// ErrAbsent: there is no such record, or it has expired.
	ErrAbsent = errors.New("store: absent")
	// ErrExists: a record with that name is there already.
	ErrExists = errors.New("store: exists already")
	// ErrVersion: the record was changed since the caller read it.
	ErrVersion = errors.New("store: changed by somebody else")
	// ErrSpent: a single-use record was used before.
	ErrSpent = errors.New("store: spent")
	// ErrMismatch: the record is there, but not for this caller. Nothing was changed by asking.
	ErrMismatch = errors.New("store: belongs to another request")
	// ErrWider: more was asked for than was granted. Nothing was changed by asking.
	ErrWider = errors.New("store: wider than what was granted")
	// ErrEnded: the family or grant was ended.
	ErrEnded = errors.New("store: ended")
	// ErrReused: a refresh token that had been replaced came back; the family is ended now.
	ErrReused = errors.New("store: replaced token was used again")
	// ErrRevoked: a token, or what it hangs on, is revoked.
	ErrRevoked = errors.New("store: revoked")
	// ErrReset: the backend has lost or replaced its data since the caller's key set was loaded,
	// so what it says about revocations cannot be believed.
	ErrReset = errors.New("store: data was reset")
	// ErrHeld: somebody else holds the lease.
	ErrHeld = errors.New("store: lease is held")
	// ErrCursor: a cursor that no listing gave.
	ErrCursor = errors.New("store: no such cursor")
)

// IsDecision reports whether err is one of the answers above and so not an outage.
func IsDecision(err error) bool {
	for _, d := range []error{ErrAbsent, ErrExists, ErrVersion, ErrSpent, ErrMismatch, ErrWider, ErrEnded, ErrReused, ErrRevoked, ErrHeld, ErrCursor} {
		if errors.Is(err, d) {
			return true
		}
	}
	return false
}
