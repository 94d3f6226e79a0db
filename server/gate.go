package server

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"tollgate/flows/oauth"
)

const (
	gateWidth     = 32                     // requests at a time on each processor; most of them wait for Redis
	gateQueue     = 8                      // so many times the width may wait
	burstWait     = 500 * time.Millisecond // how long one waits in a burst
	overloadWait  = 20 * time.Millisecond  // and where the queue has not been empty for a burstWait: this, or up to twice as long
	shedRetryTime = time.Second
)

// errShed turns a request away before anything was done for it.
var errShed = &oauth.Error{
	Code: oauth.CodeTemporarilyUnavailable, Description: oauth.Unavailable(nil).Description,
	Cause: errors.New("too many requests at a time"), RetryAfter: shedRetryTime,
}

// gate bounds how many requests of an expensive route are worked on. What comes on top waits for a
// turn: through a burst for as long as that may take, but once the queue does not empty any more,
// which means that more comes than can be done, only briefly (CoDel's rule). Those who are let in
// are then answered about as fast as always, and the cheap routes beside them keep their share.
type gate struct {
	turns   chan struct{}
	waiting atomic.Int64
	calm    atomic.Int64 // when a turn was last free at once, a Duration of the server's clock
	shed    *metrics.Counter
}

func newGate(width int, now time.Duration, shed *metrics.Counter) *gate {
	g := &gate{turns: make(chan struct{}, width), shed: shed}
	g.calm.Store(int64(now))
	return g
}

// gateOf is the gate of all rows with that name.
func (s *Server) gateOf(name string) *gate {
	if s.gates[name] == nil {
		shed := s.cfg.Metrics.NewCounter(`tollgate_shed_total{route="` + name + `"}`)
		s.gates[name] = newGate(gateWidth*runtime.GOMAXPROCS(0), s.clock.passed(), shed)
	}
	return s.gates[name]
}

// gated lets a request in when it is its turn.
func gated(g *gate, next handler) handler {
	return func(r *request) error {
		if !g.enter(r.record.start) {
			r.record.shed = true
			g.shed.Inc()
			return errShed
		}
		defer g.leave()
		return next(r)
	}
}

// enter waits for a turn, and reports whether it came in time.
func (g *gate) enter(now time.Duration) bool {
	select {
	case g.turns <- struct{}{}:
		g.calm.Store(int64(now))
		return true
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > int64(gateQueue*cap(g.turns)) {
		return false
	}
	timer := time.NewTimer(g.patience(now))
	defer timer.Stop()
	select {
	case g.turns <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

// patience is how long to wait for a turn. In an overload nobody waits as long as the next one: those who are
// turned away together come back together, and what else is asked then waits behind all of them.
func (g *gate) patience(now time.Duration) time.Duration {
	if now-time.Duration(g.calm.Load()) > burstWait {
		return overloadWait + rand.N(overloadWait)
	}
	return burstWait
}

func (g *gate) leave() { <-g.turns }
