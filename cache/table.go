package cache

import (
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"
)

const (
	ways        = 6  // entries that may share a place; their set is one cache line
	tableLocks  = 64 // of writers, who take the one of their set
	entryMargin = 2  // places for one entry, 11 bytes each, so that few sets run over
	mostAsked   = 3  // how often an entry is spared for having been asked for
)

// Table keeps values by keys that strangers choose, as many as fit, those that are asked for before
// those that are not. It is a hash table of small sets whose entries are found without a lock; it
// takes memory as it fills. It is safe for concurrent use.
//
// A key is found by its whole self: the hash, which nobody outside can foresee, only says where to
// look.
type Table[V any] struct {
	sets       []set[V]
	mask       uint64
	seen       []atomic.Uint32 // pieces of the hashes of what came and found no room
	maxEntries int64
	maxBytes   int64

	entries atomic.Int64
	bytes   atomic.Int64
	hand    atomic.Uint64 // the set that is looked at next for what may go
	locks   [tableLocks]paddedMutex
}

// Entry is one key and its value. Its fields are set before Put and never after, but for what a
// Value changes in itself.
type Entry[V any] struct {
	Key     string
	Size    int   // bytes that the entry costs, all told
	Expires int64 // in the unit of Get's now: from then on it is not found
	Value   V

	hash uint64
}

// set is where keys of one hash may be. Each entry has a byte of tags, a piece of its hash, which
// tells whether it is worth following the pointer; and one of asked, which counts how often it was
// asked for, up to mostAsked. Only who holds the set's lock writes tags or takes from asked.
type set[V any] struct {
	entries [ways]atomic.Pointer[Entry[V]]
	tags    atomic.Uint64
	asked   atomic.Uint64
}

// byteOf returns one byte of eight.
func byteOf(word uint64, i int) byte { return byte(word >> (8 * i)) }

type paddedMutex struct {
	sync.Mutex
	_ [56]byte
}

// NewTable returns a table for so many entries of so many bytes in all. The places are set aside at
// once; what nobody has touched costs no memory yet.
func NewTable[V any](entries int, bytes int64) *Table[V] {
	sets := 1 << bits.Len(uint(max(entries*entryMargin/ways, 1)-1))
	return &Table[V]{
		sets: make([]set[V], sets), mask: uint64(sets - 1), seen: make([]atomic.Uint32, 4*sets),
		maxEntries: int64(entries), maxBytes: bytes,
	}
}

// Seed makes the hashes that a Table wants, the same for several tables.
type Seed maphash.Seed

// NewSeed returns a seed that nobody can guess.
func NewSeed() Seed { return Seed(maphash.MakeSeed()) }

// Hash returns the hash of a whole key.
func (s Seed) Hash(key []byte) uint64 { return maphash.Bytes(maphash.Seed(s), key) }

// Get returns the value of a key that has not expired, or nil. The value is shared.
func (t *Table[V]) Get(hash uint64, key []byte, now int64) *V {
	s := &t.sets[hash&t.mask]
	tags := s.tags.Load()
	for i := range ways {
		if byteOf(tags, i) != tag(hash) {
			continue
		}
		e := s.entries[i].Load()
		if e == nil || e.hash != hash || e.Key != string(key) {
			continue
		}
		if now >= e.Expires {
			return nil
		}
		if byteOf(s.asked.Load(), i) < mostAsked {
			s.asked.Add(1 << (8 * i))
		}
		return &e.Value
	}
	return nil
}

// tag is a part of the hash that does not choose the set.
func tag(hash uint64) byte { return byte(hash >> 56) }

// Put keeps an entry, in place of what was there for its key. Once the table is full it keeps only
// what comes for the second time, and something else has to go.
func (t *Table[V]) Put(hash uint64, e *Entry[V], now int64) {
	if !t.admits(hash, e) {
		t.makeRoom(now)
		return
	}
	e.hash = hash
	s := t.lock(hash & t.mask)
	i := s.place(e, now)
	old := s.entries[i].Load()
	rest := ^(uint64(0xff) << (8 * i))
	s.tags.Store(s.tags.Load()&rest | uint64(tag(hash))<<(8*i))
	s.entries[i].Store(e)
	s.asked.And(rest) // once asked for is not often
	t.unlock(hash & t.mask)

	t.count(e, 1)
	t.count(old, -1)
	t.makeRoom(now)
}

func (t *Table[V]) lock(at uint64) *set[V] {
	t.locks[at%tableLocks].Lock()
	return &t.sets[at]
}

func (t *Table[V]) unlock(at uint64) { t.locks[at%tableLocks].Unlock() }

func (t *Table[V]) count(e *Entry[V], n int64) {
	if e != nil {
		t.entries.Add(n)
		t.bytes.Add(n * int64(e.Size))
	}
}

// Len returns how many entries there are, and the bytes they cost; expired ones may be among them.
func (t *Table[V]) Len() (entries int, bytes int64) {
	return int(t.entries.Load()), t.bytes.Load()
}
