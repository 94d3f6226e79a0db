package server

import (
	"sync/atomic"
	"time"
)

// clock tells what has passed since the server was made, which is read in half the time that a date
// takes. A date is worked out of it, for who needs one, by an anchor that is dropped anew every
// anchorLife: so late at most does it follow when the machine's date is set.
type clock struct {
	now    func() time.Time
	own    bool // now is not the machine's, but a test's
	start  time.Time
	anchor atomic.Pointer[anchor]
}

// anchor is a moment and its date.
type anchor struct {
	at   time.Duration
	date time.Time
}

const anchorLife = 100 * time.Millisecond

// newClock goes by now, or by the machine's clock where that is nil.
func newClock(now func() time.Time) *clock {
	c := &clock{now: now, own: now != nil}
	if !c.own {
		c.now = time.Now
	}
	c.start = c.now()
	c.anchor.Store(&anchor{date: c.start})
	return c
}

// passed is the moment, as what has passed since the start.
func (c *clock) passed() time.Duration {
	if c.own {
		return c.now().Sub(c.start)
	}
	return time.Since(c.start)
}

// date is the date of a moment that is hardly over.
func (c *clock) date(at time.Duration) time.Time {
	a := c.anchor.Load()
	if at-a.at >= anchorLife {
		a = &anchor{at: c.passed(), date: c.now()}
		c.anchor.Store(a)
	}
	return a.date.Add(at - a.at)
}
