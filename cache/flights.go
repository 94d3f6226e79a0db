package cache

import "sync"

const (
	flightShards = 16
	// maxWaiters is how many wait for one load. Whoever comes after them loads for themselves: a
	// crowd behind one slow load is worse than a few loads.
	maxWaiters = 1024
)

// Flights lets one caller load what several ask for at the same time; the others wait and share
// what comes of it. The zero value is ready. There is no goroutine in it: whoever comes first loads.
type Flights[T any] struct {
	shards [flightShards]flightShard[T]
}

type flightShard[T any] struct {
	mu      sync.Mutex
	flights map[uint64]*flight[T]
	_       [48]byte
}

// flight is one load on its way.
type flight[T any] struct {
	key     []byte // the loading caller's own, who is there as long as the flight is
	landed  chan struct{}
	waiters int
	value   T
	ok      bool // value is set; false where the load panicked
}

// Do returns what load returns, here or in another caller who asks for the same key at the same
// time. A load that panics does so in its own caller, and those who waited try again.
func (f *Flights[T]) Do(hash uint64, key []byte, load func() T) T {
	shard := &f.shards[hash%flightShards]
	for {
		own, others := shard.board(hash, key)
		switch {
		case own != nil:
			return shard.fly(hash, own, load)
		case others == nil:
			return load()
		}
		<-others.landed
		if others.ok {
			return others.value
		}
	}
}

// board returns a new flight to load, or one to wait for, or neither where it is full or the hash is
// taken by another key.
func (s *flightShard[T]) board(hash uint64, key []byte) (own, others *flight[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	flying := s.flights[hash]
	switch {
	case flying == nil:
		if s.flights == nil {
			s.flights = map[uint64]*flight[T]{}
		}
		own = &flight[T]{key: key}
		s.flights[hash] = own
		return own, nil
	case string(flying.key) != string(key), flying.waiters == maxWaiters:
		return nil, nil
	}
	flying.waiters++
	if flying.landed == nil {
		flying.landed = make(chan struct{})
	}
	return nil, flying
}

func (s *flightShard[T]) fly(hash uint64, own *flight[T], load func() T) T {
	defer func() { // also where load panics: nobody is left waiting
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.flights, hash)
		if own.landed != nil {
			close(own.landed)
		}
	}()
	own.value = load()
	own.ok = true
	return own.value
}
