package cache

// sweepPerPut is how many sets are looked at for expired entries with each one that comes, so that
// dead ones never make up most of a table.
const sweepPerPut = 2

// admits lets everything in while there is room, and then what has come before, not long ago: a
// flood of keys that come once takes no place from those that come again.
func (t *Table[V]) admits(hash uint64, e *Entry[V]) bool {
	if t.entries.Load() < t.maxEntries && t.bytes.Load()+int64(e.Size) <= t.maxBytes {
		return true
	}
	piece := uint32(hash >> 32)
	return t.seen[hash%uint64(len(t.seen))].Swap(piece) == piece
}

// place chooses where in a locked set an entry goes: where its key is already; else where nothing is,
// or only what has expired; else in place of the one that was asked for least.
func (s *set[V]) place(e *Entry[V], now int64) int {
	free, least := -1, 0
	asked := s.asked.Load()
	for i := range ways {
		switch old := s.entries[i].Load(); {
		case old != nil && old.hash == e.hash && old.Key == e.Key:
			return i
		case old == nil || now >= old.Expires:
			free = i
		case byteOf(asked, i) < byteOf(asked, least):
			least = i
		}
	}
	if free >= 0 {
		return free
	}
	s.age(asked)
	return least
}

// age takes from each count that was seen, so that what was asked for long ago loses in the end.
func (s *set[V]) age(seen uint64) {
	for i := range ways {
		if byteOf(seen, i) > 0 {
			s.asked.Add(-(uint64(1) << (8 * i)))
		}
	}
}

// makeRoom looks at sets one after the other: a few for what has expired, and as many as it takes
// where the table is over its bounds. An entry is spared as often as it was asked for.
func (t *Table[V]) makeRoom(now int64) {
	for range sweepPerPut {
		t.sweep(now, false)
	}
	for n := (mostAsked + 1) * len(t.sets); n > 0 && t.full(); n-- {
		t.sweep(now, true)
	}
}

func (t *Table[V]) full() bool {
	return t.entries.Load() > t.maxEntries || t.bytes.Load() > t.maxBytes
}

// sweep drops what may go from the next set.
func (t *Table[V]) sweep(now int64, full bool) {
	at := t.hand.Add(1) & t.mask
	s := t.lock(at)
	defer t.unlock(at)
	asked := s.asked.Load()
	for i := range ways {
		e := s.entries[i].Load()
		if e == nil || now < e.Expires && (!full || byteOf(asked, i) > 0) {
			continue
		}
		s.entries[i].Store(nil)
		t.count(e, -1)
	}
	if full {
		s.age(asked)
	}
}
