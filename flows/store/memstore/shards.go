package memstore

import (
	"hash/maphash"
	"sync"
	"time"
)

// kind keeps records of different sorts apart that have the same id.
type kind uint8

const (
	kindSession kind = iota
	kindInteraction
	kindCode
	kindFamily
	kindLease
	kindFence

	// From here on: revocations. They are taken even when the store is full; else whoever fills
	// it could keep stolen tokens alive.
	kindEndedToken
	kindEndedGrant
	kindEndedSession
	kindClientCutoff
	kindSubjectCutoff
)

func (k kind) counted() bool { return k < kindEndedToken }

type key struct {
	kind kind
	id   string
}

type entry struct {
	value   any
	expires time.Time
}

type shard struct {
	mu      sync.Mutex
	entries map[key]entry
}

// view is a locked shard at one moment.
type view struct {
	store *Store
	*shard
	now time.Time
}

// lock locks the shard of a tag: a grant id, a handle's hash, a name.
func (s *Store) lock(tag string) view {
	return s.lockShard(&s.shards[maphash.String(s.seed, tag)%shardCount])
}

func (s *Store) lockShard(sh *shard) view {
	sh.mu.Lock()
	return view{store: s, shard: sh, now: s.now()}
}

func (v view) unlock() { v.mu.Unlock() }

// find returns a live record. Its value is the zero T where there is none.
func find[T any](v view, kind kind, id string) (T, bool) {
	e, ok := v.entries[key{kind, id}]
	if !ok || !v.now.Before(e.expires) {
		var none T
		return none, false
	}
	return e.value.(T), true
}

// put stores a record until it expires; one that has expired already is not stored. A new
// record is refused with errFull when the store is full.
func (v view) put(kind kind, id string, value any, expires time.Time) error {
	k := key{kind, id}
	_, replaced := v.entries[k]
	if !v.now.Before(expires) {
		v.drop(kind, id)
		return nil
	}
	if !replaced && kind.counted() {
		if v.store.entries.Load() >= v.store.maxEntries {
			v.sweep()
		}
		if v.store.entries.Add(1) > v.store.maxEntries {
			v.store.entries.Add(-1)
			return errFull
		}
	}
	v.entries[k] = entry{value, expires}
	return nil
}

// expiry returns when a live record expires, or the zero time.
func (v view) expiry(kind kind, id string) time.Time {
	if e, ok := v.entries[key{kind, id}]; ok && v.now.Before(e.expires) {
		return e.expires
	}
	return time.Time{}
}

func (v view) drop(kind kind, id string) {
	k := key{kind, id}
	if _, ok := v.entries[k]; ok {
		delete(v.entries, k)
		v.uncount(kind)
	}
}

func (v view) sweep() {
	for k, e := range v.entries {
		if !v.now.Before(e.expires) {
			delete(v.entries, k)
			v.uncount(k.kind)
		}
	}
}

func (v view) uncount(kind kind) {
	if kind.counted() {
		v.store.entries.Add(-1)
	}
}

// later returns the later of two moments.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
