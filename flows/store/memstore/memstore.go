package memstore

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"tollgate/flows/store"
)

const (
	shardCount        = 64
	sweepEvery        = 100 * time.Millisecond // one shard each time: all of them in 6.4 s
	defaultMaxEntries = 1 << 18
)

// errFull is no decision: the caller may come back when something has expired.
var errFull = errors.New("memstore: full")

// Options of a Store. The zero value works.
type Options struct {
	Now        func() time.Time // nil: time.Now
	MaxEntries int              // records with an expiry, revocations not counted; 0: 262,144
}

// Store implements store.Store in memory.
type Store struct {
	now        func() time.Time
	maxEntries int64
	entries    atomic.Int64 // records that count against maxEntries

	seed   maphash.Seed
	shards [shardCount]shard
	registry
	events     *events
	generation atomic.Uint64 // see Generation

	stop func()
	done chan struct{}
}

var _ store.Store = (*Store)(nil)

// New returns an empty store. Close ends its sweeper.
func New(o Options) *Store {
	s := &Store{
		now:        o.Now,
		maxEntries: int64(o.MaxEntries),
		seed:       maphash.MakeSeed(),
		registry:   newRegistry(),
		events:     newEvents(),
		done:       make(chan struct{}),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.maxEntries == 0 {
		s.maxEntries = defaultMaxEntries
	}
	for i := range s.shards {
		s.shards[i].entries = map[key]entry{}
	}
	stop := make(chan struct{})
	s.stop = sync.OnceFunc(func() { close(stop) })
	go s.sweepUntil(stop)
	return s
}

// Ping always answers.
func (s *Store) Ping(context.Context) (time.Duration, error) { return 0, nil }

// Name is "memory".
func (s *Store) Name() string { return "memory" }

// Close ends the sweeper.
func (s *Store) Close() error {
	s.stop()
	<-s.done
	return nil
}

// sweepUntil drops what has expired, one shard at a time, so that nobody waits long for a lock.
func (s *Store) sweepUntil(stop <-chan struct{}) {
	defer close(s.done)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for i := 0; ; i = (i + 1) % shardCount {
		select {
		case <-stop:
			return
		case <-tick.C:
			v := s.lockShard(&s.shards[i])
			v.sweep()
			v.unlock()
		}
	}
}
