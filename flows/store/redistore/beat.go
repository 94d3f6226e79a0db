package redistore

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tollgate/cache"
	"tollgate/flows/store"
	"tollgate/redisx"
)

const (
	beatEvery = time.Second
	// beatLoss is how many beats Redis may lose without having been replaced: a crash of one that
	// syncs its log every second takes two seconds, a failover what the replica had not got yet.
	beatLoss = 5
	beatLife = 365 * 24 * time.Hour
)

// beat notices that Redis' data became those of an earlier time: somebody restored a backup, in which
// what was revoked or used since is good again. All nodes together raise one counter about once a
// second, and each remembers how far it has seen it come, in which life of the data, and which lives
// are over. It takes one node that has lived through the change.
type beat struct {
	mu     sync.Mutex
	epoch  string
	seen   int64     // the furthest in this epoch
	read   int64     // as it was last read
	turn   int64     // as it was when this node last thought of raising it
	since  time.Time // when this node saw it come to turn
	raised time.Time
	former map[string]bool // epochs that are over

	old    atomic.Bool  // the data are of an earlier time
	looked atomic.Int64 // connections that were opened when they were last looked at
	looks  cache.Flights[error]
}

// note takes what was read, and reports whether the data are older than what was seen before.
func (b *beat) note(epoch string, at int64) (old bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case epoch == b.epoch:
		old = at < b.seen-beatLoss
	case b.former[epoch]:
		old = true
	default:
		b.enter(epoch)
		b.seen = at
	}
	b.read = at
	if !old {
		b.seen = max(b.seen, at)
	}
	b.old.Store(old)
	return old
}

// enter begins to count in another epoch. mu is held.
func (b *beat) enter(epoch string) {
	if b.former == nil {
		b.former = map[string]bool{}
	}
	if b.epoch != "" {
		b.former[b.epoch] = true
	}
	b.epoch = epoch
}

// emptied notes what was read where there are no keys: what comes next begins from there.
func (b *beat) emptied(at int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = at
}

// begin says that this node has begun an epoch.
func (b *beat) begin(epoch string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if epoch != b.epoch {
		b.enter(epoch)
		b.seen = b.read
		b.old.Store(false)
	}
}

// due reports whether it is this node's turn to raise the beat that it has read: nobody else has
// since it last looked.
func (b *beat) due(at int64, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at != b.turn {
		b.turn, b.since = at, now
	}
	if now.Sub(b.since) < beatEvery*9/10 || now.Sub(b.raised) < beatEvery*9/10 {
		return false
	}
	b.raised = now
	return true
}

// raise adds one to the beat. Nobody needs to know whether it succeeded.
func (s *Store) raise(ctx context.Context, from int64) {
	values, err := s.exec(ctx, raiseBeat, "raise_beat", []string{s.names.beat()}, ttl(beatLife), strconv.FormatInt(from, 10))
	if err != nil {
		return
	}
	if at, err := strconv.ParseInt(values[0], 10, 64); err == nil {
		s.beat.mu.Lock()
		s.beat.turn = at
		s.beat.mu.Unlock()
	}
}

// parseBeat reads the beat; 0 where there is none yet.
func parseBeat(reply redisx.Reply) (int64, error) {
	value, err := text(reply.RedisMessage, reply.Err)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return strconv.ParseInt(value, 10, 64)
}

// trusted says store.ErrReset where the data are of an earlier time. Behind a connection that was
// opened since they were last looked at there may be other data, so then it looks first, once for
// all who ask: an answer that came by that connection is not believed before.
func (s *Store) trusted(ctx context.Context) error {
	dials := s.redis.Dials()
	for s.beat.looked.Load() < dials { // twice where the look of another began before that
		err := s.beat.looks.Do(0, nil, func() error { _, err := s.lookAtKeys(ctx); return err })
		if err != nil && !errors.Is(err, store.ErrAbsent) {
			return err
		}
	}
	if s.beat.old.Load() {
		return store.ErrReset
	}
	return nil
}
