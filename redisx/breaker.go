package redisx

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"github.com/sony/gobreaker/v2"
)

const (
	// A breaker opens when half of at least 20 commands within 2 s failed. Then nobody waits for
	// a Redis that does not answer; two commands a second find out whether it does again.
	breakerVolume = 20
	breakerRatio  = 0.5
	breakerWindow = 2 * time.Second
	breakerBucket = 200 * time.Millisecond
	breakerOpen   = 500 * time.Millisecond

	// In a cluster one primary may be gone while the others serve, so each has a breaker of its own;
	// until it is known which slots are whose, each range of slots has.
	slotsOfAll    = 1 << 14
	clusterRanges = 16
	maxBreakers   = clusterRanges + 1 // and one for what any node can answer
)

var (
	errOpening  = errors.New("not connected yet")
	errNotAsked = errors.New("answered from memory") // neither success nor failure
)

// refusal is what a breaker says in place of Redis. It does not unwrap: nobody has asked Redis, and what it
// said to another command is not the answer to this one.
type refusal struct{ last error } // the failure before it, which says more than that there were many

func (r *refusal) Error() string {
	return "too many commands failed; trying again within a second: " + r.last.Error()
}

func isRefusal(err error) bool {
	var refused *refusal
	return errors.As(err, &refused)
}

// Cause returns what failed last where an error is a breaker's refusal, and else the error.
func Cause(err error) error {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.last
	}
	return err
}

// breakers refuse commands at once while Redis does not serve them.
type breakers struct {
	list   []*breaker
	ranges bool
	places atomic.Pointer[places]
}

type breaker struct {
	steps *gobreaker.TwoStepCircuitBreaker[struct{}]
	shut  atomic.Bool // open or half-open: what passes must ask first
	last  atomic.Pointer[refusal]
}

func newBreakers(mode Mode) *breakers {
	all := &breakers{list: make([]*breaker, 1)}
	if mode == Cluster {
		all.list, all.ranges = make([]*breaker, maxBreakers), true
	}
	for i := range all.list {
		b := &breaker{}
		b.steps = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			MaxRequests:  1,
			Interval:     breakerWindow,
			BucketPeriod: breakerBucket,
			Timeout:      breakerOpen,
			ReadyToTrip: func(n gobreaker.Counts) bool {
				return n.Requests >= breakerVolume && float64(n.TotalFailures) >= breakerRatio*float64(n.Requests)
			},
			OnStateChange: func(_ string, _, to gobreaker.State) { b.shut.Store(to != gobreaker.StateClosed) },
			IsSuccessful:  func(err error) bool { return !isFailure(err) },
			IsExcluded:    isExcluded,
		})
		all.list[i] = b
	}
	return all
}

// of returns the index of a slot's breaker.
func (b *breakers) of(slot uint16) int {
	switch {
	case !b.ranges:
		return 0
	case slot >= slotsOfAll: // goes to any node
		return clusterRanges
	}
	if at := b.places.Load(); at != nil {
		return int(at[slot])
	}
	return int(rangeOf(slot))
}

func rangeOf(slot uint16) uint8 { return uint8(slot / (slotsOfAll / clusterRanges)) }

// outages are the first words of errors with which Redis says that it does not serve. Every other
// one, such as WRONGTYPE, ERR, OOM, MISCONF or NOPERM, is an answer of a Redis that is well, though
// not of one that did what was asked.
var outages = map[string]bool{
	"LOADING": true, "READONLY": true, "CLUSTERDOWN": true, "MASTERDOWN": true, "BUSY": true,
	"NOAUTH": true, "WRONGPASS": true, // nothing at all is answered
}

// isFailure is what the breaker counts against Redis.
func isFailure(err error) bool {
	if err == nil || rueidis.IsRedisNil(err) || err == errTooFewReplicas {
		return false
	}
	var said *rueidis.RedisError
	if errors.As(err, &said) {
		return outages[firstWord(said.Error())]
	}
	return true // no reply in time, or no connection
}

// isExcluded is what says nothing about Redis: the caller went away, or we are closing.
func isExcluded(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, rueidis.ErrClosing) || err == errNotAsked
}

func firstWord(s string) string {
	for i := range len(s) {
		if s[i] == ' ' {
			return s[:i]
		}
	}
	return s
}

// permit is one call's leave to ask Redis, of all the breakers its commands concern.
type permit struct {
	of    *breakers
	asked uint32 // bits, one for a breaker: it was asked
	shut  uint32 // it was not well when it was first looked at
	well  uint32 // it was
	told  uint32 // Redis was asked, and fault is what came of it
	done  [maxBreakers]func(error)
	fault [maxBreakers]error // the worst
}

// ask reports whether a command on the slot may be sent.
func (p *permit) ask(slot uint16) bool {
	i := p.of.of(slot)
	if bit := uint32(1) << i; p.asked&bit == 0 {
		p.asked |= bit
		p.done[i], _ = p.of.list[i].steps.Allow()
	}
	return p.done[i] != nil
}

// refusal is why a command on the slot may not be sent.
func (p *permit) refusal(slot uint16) error { return p.of.list[p.of.of(slot)].last.Load() }

// askUnlessWell is ask, but costs nothing where the breaker is closed: for what may turn out not
// to need Redis. It answers the same all through one call.
func (p *permit) askUnlessWell(slot uint16) bool {
	i := p.of.of(slot)
	bit := uint32(1) << i
	if (p.shut|p.well)&bit == 0 {
		if p.of.list[i].shut.Load() {
			p.shut |= bit
		} else {
			p.well |= bit
		}
	}
	return p.well&bit != 0 || p.ask(slot)
}

// note keeps what came of a command.
func (p *permit) note(slot uint16, err error) {
	i := p.of.of(slot)
	if bit := uint32(1) << i; p.told&bit == 0 || isFailure(err) {
		p.told |= bit
		p.fault[i] = err
	}
}

// end tells the breakers.
func (p *permit) end() {
	for i, done := range p.done[:len(p.of.list)] {
		switch {
		case done == nil:
		case p.told&(1<<i) == 0:
			done(errNotAsked)
		default:
			if fault := p.fault[i]; isFailure(fault) && !isExcluded(fault) {
				p.of.list[i].last.Store(&refusal{fault})
			}
			done(p.fault[i])
		}
	}
}
