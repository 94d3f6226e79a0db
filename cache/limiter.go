package cache

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

const (
	limiterShards  = 64
	shardCapacity  = 4096 // 262,144 keys in all, 16 bytes each
	evictOnOverrun = 8    // a full shard loses at least 1/8, so that making room costs O(1) per key
)

// Limiter counts events per key by GCRA: one timestamp per key says when the key's allowance is
// full again, and a key whose time has passed needs no memory at all. Its memory is bounded; when
// more keys than fit are busy at once, some of them start afresh. It is safe for concurrent use,
// and a nil *Limiter allows everything.
type Limiter struct {
	interval  time.Duration // between two events in the long run
	tolerance time.Duration // how far ahead of that a burst may run
	seed      maphash.Seed  // nobody outside can choose keys that collide
	start     time.Time     // durations since here are monotonic: the wall clock may jump
	shards    [limiterShards]limiterShard
}

type limiterShard struct {
	mu   sync.Mutex
	full map[uint64]time.Duration // key -> when its allowance is full again, since start
	_    [40]byte                 // a cache line each
}

// NewLimiter returns a limiter for the rate, or nil where the rate is off. Now is only asked once.
func NewLimiter(rate Rate, now func() time.Time) *Limiter {
	if rate.Off() {
		return nil
	}
	interval := time.Duration(float64(time.Second) / rate.PerSecond)
	l := &Limiter{
		interval:  interval,
		tolerance: interval * time.Duration(max(rate.Burst, 1)),
		seed:      maphash.MakeSeed(),
		start:     now(),
	}
	for i := range l.shards {
		l.shards[i].full = make(map[uint64]time.Duration)
	}
	return l
}

// AllowAddr counts n events of a network address at now. An IPv6 address counts as its /64, which
// is what one subscriber is given. It returns zero, or how long to wait.
func (l *Limiter) AllowAddr(addr netip.Addr, n int, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	return l.allow(l.subscriber(addr), n, now)
}

// AllowName counts n events of a name at now. It returns zero, or how long to wait.
func (l *Limiter) AllowName(name string, n int, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	return l.allow(maphash.String(l.seed, name), n, now)
}

// AllowNameAt counts one event of a name from an address at now: neither a name nor an address
// alone is held to account for the other. It returns zero, or how long to wait.
func (l *Limiter) AllowNameAt(name string, addr netip.Addr, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	return l.allow(l.subscriber(addr)^maphash.String(l.seed, name), 1, now)
}

// subscriber is the key of whoever holds the address.
func (l *Limiter) subscriber(addr netip.Addr) uint64 {
	b := addr.As16()
	if !addr.Unmap().Is4() {
		clear(b[8:])
	}
	return maphash.Bytes(l.seed, b[:])
}

// allow takes n events from the key's allowance if they are there, and nothing otherwise. More than
// a whole burst counts as one, or it could never pass.
func (l *Limiter) allow(key uint64, n int, now time.Time) time.Duration {
	at := now.Sub(l.start)
	shard := &l.shards[key%limiterShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()

	full, known := shard.full[key]
	next := max(full, at) + min(l.interval*time.Duration(n), l.tolerance)
	if wait := next - at - l.tolerance; wait > 0 {
		return wait
	}
	if !known && len(shard.full) >= shardCapacity {
		shard.makeRoom(at)
	}
	shard.full[key] = next
	return 0
}

// makeRoom drops the keys whose allowance is full, and, where that frees too little, others.
func (s *limiterShard) makeRoom(at time.Duration) {
	for key, full := range s.full {
		if full <= at {
			delete(s.full, key)
		}
	}
	for key := range s.full {
		if len(s.full) <= shardCapacity-shardCapacity/evictOnOverrun {
			return
		}
		delete(s.full, key)
	}
}
