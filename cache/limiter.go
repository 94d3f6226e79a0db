package cache

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

const (
	limiterShards  = 64
	shardCapacity  = 4096 // 262,144 keys in all, 40 bytes each
	evictOnOverrun = 8    // a full shard loses at least 1/8, so that making room costs O(1) per key
)

// Limiter counts events per key by GCRA: one timestamp per key says when the key's allowance is
// full again, and a key whose time has passed needs no memory at all. Its memory is bounded; when
// more keys than fit are busy at once, some of them start afresh. It decides by what it knows and
// waits for nobody; with Share it also keeps book of what others should know. It is safe for
// concurrent use, and a nil *Limiter allows everything.
type Limiter struct {
	interval  time.Duration // between two events in the long run
	tolerance time.Duration // how far ahead of that a burst may run
	seed      maphash.Seed  // nobody outside can choose keys that collide
	start     time.Time     // durations since here are monotonic: the wall clock may jump
	shared    sharing
	shards    [limiterShards]limiterShard
}

type limiterShard struct {
	mu   sync.Mutex
	keys map[uint64]allowance
	due  []due    // keys whose debts are to be told
	_    [24]byte // a cache line each
}

// allowance is what is left to a key. Its moments are durations since start.
type allowance struct {
	full time.Duration // when all of it is there again
	debt debt
}

// subject is whom events are counted against: a name, a subscriber, or a name at a subscriber.
type subject struct {
	name string
	addr [16]byte
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
		l.shards[i].keys = make(map[uint64]allowance)
	}
	return l
}

// AllowAddr counts n events of a network address at now. An IPv6 address counts as its /64, which
// is what one subscriber is given. It returns zero, or how long to wait.
func (l *Limiter) AllowAddr(addr netip.Addr, n int, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	return l.allow(&subject{addr: subscriber(addr)}, n, now)
}

// AllowName counts n events of a name at now. It returns zero, or how long to wait.
func (l *Limiter) AllowName(name string, n int, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	return l.allow(&subject{name: name}, n, now)
}

// AllowNameAt counts one event of a name from an address at now: neither a name nor an address
// alone is held to account for the other. It returns zero, or how long to wait.
func (l *Limiter) AllowNameAt(name string, addr netip.Addr, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	return l.allow(&subject{name, subscriber(addr)}, 1, now)
}

// WaitNameAt returns what AllowNameAt would, and counts nothing.
func (l *Limiter) WaitNameAt(name string, addr netip.Addr, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	key := l.key(&subject{name, subscriber(addr)})
	shard := &l.shards[key%limiterShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return max(0, shard.keys[key].full+l.interval-now.Sub(l.start)-l.tolerance)
}

// subscriber is whoever holds the address.
func subscriber(addr netip.Addr) [16]byte {
	b := addr.As16()
	if !addr.Unmap().Is4() {
		clear(b[8:])
	}
	return b
}

func (l *Limiter) key(s *subject) uint64 {
	return maphash.Bytes(l.seed, s.addr[:]) ^ maphash.String(l.seed, s.name)
}

func (l *Limiter) allow(s *subject, n int, now time.Time) time.Duration {
	return l.spend(l.key(s), s, n, now.Sub(l.start))
}

// spend takes n events from the allowance of a subject's key if they are there, and nothing otherwise.
// More than a whole burst counts as one, or it could never pass.
func (l *Limiter) spend(key uint64, s *subject, n int, at time.Duration) time.Duration {
	shard := &l.shards[key%limiterShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()

	a, known := shard.keys[key]
	cost := min(l.interval*time.Duration(n), l.tolerance)
	next := max(a.full, at) + cost
	if wait := next - at - l.tolerance; wait > 0 {
		return wait
	}
	if !known && len(shard.keys) >= shardCapacity {
		shard.makeRoom(at)
	}
	a.full = next
	if l.shared.wake != nil && l.owes(&a.debt, cost, at) {
		a.debt.due = l.queue(shard, key, s)
	}
	shard.keys[key] = a
	return 0
}

// makeRoom drops the keys whose allowance is full, and, where that frees too little, others.
func (s *limiterShard) makeRoom(at time.Duration) {
	for key, a := range s.keys {
		if a.full <= at {
			delete(s.keys, key)
		}
	}
	for key := range s.keys {
		if len(s.keys) <= shardCapacity-shardCapacity/evictOnOverrun {
			return
		}
		delete(s.keys, key)
	}
}
