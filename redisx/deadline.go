package redisx

import (
	"context"
	"sync"
	"time"
)

// deadline is a context that ends at a moment, and costs a timer only if somebody waits for it:
// what is answered from memory does not.
type deadline struct {
	context.Context
	at     time.Time
	once   sync.Once
	timed  context.Context
	cancel context.CancelFunc
}

func (d *deadline) context() context.Context {
	d.once.Do(func() { d.timed, d.cancel = context.WithDeadline(d.Context, d.at) })
	return d.timed
}

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) {
	if at, ok := d.Context.Deadline(); ok && at.Before(d.at) {
		return at, true
	}
	return d.at, true
}

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} { return d.context().Done() }

// Err implements context.Context.
func (d *deadline) Err() error { return d.context().Err() }

// end releases the timer. Nobody is let wait after it.
func (d *deadline) end() {
	d.once.Do(func() { d.timed, d.cancel = over, func() {} })
	d.cancel()
}
