package redisx

import (
	"context"
	_ "embed" // the script
	"encoding/base64"
	"strconv"
	"time"
)

const (
	// settleEvery is how long a process lets debts gather: so much longer than a round trip that Redis
	// is asked once for many, and so short that little passes meanwhile on all processes together.
	settleEvery = 5 * time.Millisecond
	// settleAgain is how long it waits after Redis could not be told.
	settleAgain = 250 * time.Millisecond

	// maxTold keys are settled by one run of the script, which holds Redis up no longer than half a
	// millisecond then.
	maxTold = 128

	settleTags = "0123456789abcdef" // allowances lie in so many slots of a cluster
)

//go:embed sharedlimit.lua
var sharedLimitLua string

// sharedLimit is not Idempotent: what may have been told is not told again, for it would count twice.
var sharedLimit = NewScript(sharedLimitLua)

// Spent is a part of an allowance that was spent in this process.
type Spent struct {
	Key    uint64        // what this process calls the allowance
	Name   [16]byte      // what all call it
	Amount time.Duration // as the time in which it fills up again; whole milliseconds
}

// Limit is a limit as this process keeps it, by itself.
type Limit struct {
	// Take appends what is to be told now, and takes it for told.
	Take func([]Spent) []Spent
	// Settle hears how long after at an allowance is full again, by what all processes have told.
	Settle func(key uint64, at time.Time, ahead time.Duration)
}

// SharedLimits tells Redis what this process has spent of limits, and this process what others have.
// Nobody waits for it: while Redis is away, each process goes by what it knows.
type SharedLimits struct {
	client *Client
	prefix string
	limits []Limit
	wake   chan struct{}
	spent  []Spent // scratch
}

// NewSharedLimits keeps allowances under keys that start with prefix and a colon. Run does the work.
func NewSharedLimits(client *Client, prefix string) *SharedLimits {
	return &SharedLimits{client: client, prefix: prefix + ":limit:{", wake: make(chan struct{}, 1)}
}

// Add has a limit kept together with other processes. It is called before Run.
func (s *SharedLimits) Add(l Limit) { s.limits = append(s.limits, l) }

// Wake takes a value whenever a limit has something to tell.
func (s *SharedLimits) Wake() chan<- struct{} { return s.wake }

// Run settles until ctx ends. While nothing is spent it asks nothing.
func (s *SharedLimits) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
		pause := settleEvery
		if !s.settle(ctx) {
			pause = settleAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// settle tells once what there is to be told, in one round trip, and reports whether Redis took any of
// it.
func (s *SharedLimits) settle(ctx context.Context) bool {
	var slots [len(settleTags)]*slotOfLimits // those that are being filled
	var calls []Call
	var told []*slotOfLimits
	for i := range s.limits {
		s.spent = s.limits[i].Take(s.spent[:0])
		for _, spent := range s.spent {
			slot := &slots[spent.Name[0]%byte(len(slots))]
			if *slot == nil || len((*slot).keys) == maxTold {
				*slot = &slotOfLimits{}
				told = append(told, *slot)
			}
			(*slot).tell(s.keyOf(&spent), &spent, s.limits[i].Settle)
		}
	}
	for _, slot := range told {
		slot.call.Script = sharedLimit
		calls = append(calls, slot.call)
	}
	at, taken := time.Now(), len(calls) == 0
	for i, reply := range s.client.ExecMulti(ctx, "settle_limits", calls...) {
		ahead, err := reply.AsIntSlice()
		if reply.Err == nil && err == nil && len(ahead) == len(told[i].keys) {
			told[i].hear(at, ahead)
			taken = true
		}
	}
	return taken
}

func (s *SharedLimits) keyOf(spent *Spent) string {
	tag := settleTags[spent.Name[0]%byte(len(settleTags))]
	return s.prefix + string(tag) + "}:" + base64.RawURLEncoding.EncodeToString(spent.Name[:])
}

// slotOfLimits is what one slot is told of at once, and who hears what it says of each key.
type slotOfLimits struct {
	call    Call
	keys    []uint64
	settles []func(key uint64, at time.Time, ahead time.Duration)
}

func (s *slotOfLimits) tell(key string, spent *Spent, settle func(uint64, time.Time, time.Duration)) {
	s.call.Keys = append(s.call.Keys, key)
	s.call.Args = append(s.call.Args, strconv.FormatInt(spent.Amount.Milliseconds(), 10))
	s.keys, s.settles = append(s.keys, spent.Key), append(s.settles, settle)
}

func (s *slotOfLimits) hear(at time.Time, ahead []int64) {
	for i, ms := range ahead {
		s.settles[i](s.keys[i], at, time.Duration(ms)*time.Millisecond)
	}
}
