package cache

// sweepPerPut is how many sets are looked at for expired entries with each one that comes, so that
// dead ones never make up most of a table.
const sweepPerPut = 2

// place chooses where in a locked set an entry goes: where its key is already; else where nothing is,
// or only what has expired; else in place of one that nobody has asked for since the set was last
// looked through. A burst of keys that come once so leaves alone those that come often.
func (s *set[V]) place(e *Entry[V], now int64) int {
	free, unasked := -1, -1
	asked := s.asked.Load()
	for i := range ways {
		switch old := s.entries[i].Load(); {
		case old != nil && old.hash == e.hash && old.Key == e.Key:
			return i
		case old == nil || now >= old.Expires:
			free = i
		case asked&(1<<i) == 0:
			unasked = i
		}
	}
	switch {
	case free >= 0:
		return free
	case unasked >= 0:
		return unasked
	}
	s.asked.Store(0) // all are: from now on they must be asked for again
	return int(e.hash>>60) % ways
}

// makeRoom looks at sets one after the other: a few for what has expired, and as many as it takes
// where the table is over its bounds. An entry that was asked for is spared once.
func (t *Table[V]) makeRoom(now int64) {
	for range sweepPerPut {
		t.sweep(now, false)
	}
	for n := 2 * len(t.sets); n > 0 && t.full(); n-- {
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
		if e == nil || now < e.Expires && (!full || asked&(1<<i) != 0) {
			continue
		}
		s.entries[i].Store(nil)
		t.count(e, -1)
	}
	if full && asked != 0 {
		s.asked.And(^asked)
	}
}
