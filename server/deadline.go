package server

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// flowTimeout is how long a flow may take before the caller is told to come back. Storage has
	// shorter deadlines of its own.
	flowTimeout = 3 * time.Second
	// deadlineTick is how long one context serves all requests that arrive: a context per request
	// would be most of what a request allocates.
	deadlineTick = 10 * time.Millisecond
)

// deadlines hands out contexts that end flowTimeout after the request began, a tick early at most.
// A context is shared by the requests of one tick and never reused, so a storage call that
// outlives its request keeps the deadline it started with.
type deadlines struct {
	base    context.Context
	current atomic.Pointer[sharedDeadline]
}

type sharedDeadline struct {
	context.Context
	cancel context.CancelFunc // runs by itself at the deadline
	made   time.Duration      // when, by the server's clock
}

func newDeadlines(base context.Context) *deadlines { return &deadlines{base: base} }

// at returns the context for a request that begins at now.
func (d *deadlines) at(now time.Duration) context.Context {
	cur := d.current.Load()
	if cur != nil {
		if age := now - cur.made; age >= 0 && age < deadlineTick {
			return cur
		}
	}
	ctx, cancel := context.WithTimeout(d.base, flowTimeout)
	next := &sharedDeadline{Context: ctx, cancel: cancel, made: now}
	if !d.current.CompareAndSwap(cur, next) {
		cancel()
		return d.current.Load()
	}
	return next
}
