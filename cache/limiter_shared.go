package cache

import (
	"crypto/sha256"
	"time"
)

const (
	// A key that spends no more than this part of its allowance, or twice that of its rate, is nobody
	// else's business, so that a quiet fleet tells nothing. So much one node may let pass unseen.
	quietShare = 128
	// leastDebt is the unit that debts are told in.
	leastDebt = time.Millisecond
	// maxDue keys of a shard wait to be told of; others become due again with their next event.
	maxDue = 128
)

// sharing is what a limiter has with those of the same name in other processes.
type sharing struct {
	name string
	wake chan<- struct{} // nil: nothing
}

// debt is what a key has spent that others do not know of.
type debt struct {
	owed  time.Duration // of the allowance
	since time.Duration // when the first of it was spent
	due   bool          // it is in line to be told
}

// due is a key whose debt is to be told, and what others call the key.
type due struct {
	key  uint64
	name [16]byte
}

// Debt is a part of a key's allowance that was spent here and is to be told to the others.
type Debt struct {
	Key   uint64        // what Settle knows it by
	Name  [16]byte      // what all limiters of one name call the key; it gives nothing away
	Spent time.Duration // in whole milliseconds
}

// Share makes this one of several limiters of the same name and rate that keep their keys' allowances
// together. A value is sent to wake, where there is room, once there are debts to take. It is called
// before anything is counted; a nil limiter has nothing to share.
func (l *Limiter) Share(name string, wake chan<- struct{}) {
	if l != nil {
		l.shared = sharing{name, wake}
	}
}

// owes adds to a debt, and reports whether it is time to tell of it. What was no more than the quiet
// share of the time in which an allowance fills up is forgotten.
func (l *Limiter) owes(d *debt, cost, at time.Duration) bool {
	if d.owed == 0 || !d.due && at-d.since > l.tolerance {
		d.owed, d.since = 0, at
	}
	d.owed += cost
	return !d.due && d.owed >= max(leastDebt, (l.tolerance+at-d.since)/quietShare)
}

// queue puts a key in line and reports whether there was room.
func (l *Limiter) queue(shard *limiterShard, key uint64, s *subject) bool {
	if len(shard.due) == maxDue {
		return false
	}
	shard.due = append(shard.due, due{key, l.sharedName(s)})
	select {
	case l.shared.wake <- struct{}{}:
	default: // somebody is on the way
	}
	return true
}

// sharedName hashes each part behind its length, so that no two subjects have one name.
func (l *Limiter) sharedName(s *subject) [16]byte {
	text := make([]byte, 0, 256) // on the stack, but for very long names
	text = append(append(text, byte(len(l.shared.name))), l.shared.name...)
	text = append(append(text, s.addr[:]...), s.name...)
	sum := sha256.Sum256(text)
	return [16]byte(sum[:16])
}

// TakeDebts appends what is to be told now, and takes it for told.
func (l *Limiter) TakeDebts(dst []Debt) []Debt {
	for i := range l.shards {
		shard := &l.shards[i]
		shard.mu.Lock()
		for _, d := range shard.due {
			if a, known := shard.keys[d.key]; known {
				told := a.debt.owed.Truncate(leastDebt)
				a.debt = debt{owed: a.debt.owed - told, since: a.debt.since}
				shard.keys[d.key] = a
				dst = append(dst, Debt{d.key, d.name, told})
			}
		}
		shard.due = shard.due[:0]
		shard.mu.Unlock()
	}
	return dst
}

// Settle says how long after at the allowance of a key is full again by what all have told. What was
// spent here since counts besides. It can only make the limiter stricter: whoever forgets what was
// told, such as a Redis that was emptied, gives nobody a fresh allowance.
func (l *Limiter) Settle(key uint64, at time.Time, ahead time.Duration) {
	shard := &l.shards[key%limiterShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if a, known := shard.keys[key]; known {
		a.full = max(a.full, at.Sub(l.start)+ahead+a.debt.owed)
		shard.keys[key] = a
	}
}
