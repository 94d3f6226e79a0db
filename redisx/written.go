package redisx

import (
	"sync"
	"sync/atomic"
	"time"
)

// written are the keys that this process wrote a moment ago. Redis answers a write before it tells
// the same connection that the key has changed, so until that has certainly arrived these keys are
// read from Redis: who wrote something sees it.
type written struct {
	life  time.Duration
	count atomic.Int64 // of keys, so that the steady state costs one load
	mu    sync.RWMutex
	until map[string]time.Time
	queue []string // in the order of their ends
}

// Wrote says that a write of these keys has ended, however it did. They are read from Redis for a
// while, and Generation moves.
func (c *Client) Wrote(keys ...string) {
	if c.caching {
		c.written.add(time.Now(), keys)
		for _, key := range keys {
			c.generations.move(key)
		}
	}
}

func (w *written) add(now time.Time, keys []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.until == nil {
		w.until = map[string]time.Time{}
	}
	w.forget(now)
	for _, key := range keys {
		w.until[key] = now.Add(w.life)
		w.queue = append(w.queue, key)
	}
	w.count.Store(int64(len(w.until)))
}

// forget drops what is over. A key that was written again stands in the queue again.
func (w *written) forget(now time.Time) {
	n := 0
	for ; n < len(w.queue) && !w.until[w.queue[n]].After(now); n++ {
		delete(w.until, w.queue[n])
	}
	w.queue = append(w.queue[:0], w.queue[n:]...)
}

// any reports whether one of these was written a moment ago.
func (w *written) any(reads []Read) bool {
	if w.count.Load() == 0 {
		return false
	}
	now := time.Now()
	w.mu.RLock()
	found, last := false, time.Time{}
	for _, r := range reads {
		if until, ok := w.until[r.Key]; ok && until.After(now) {
			found = true
		}
	}
	if n := len(w.queue); n > 0 {
		last = w.until[w.queue[n-1]]
	}
	w.mu.RUnlock()
	if !last.After(now) { // all are over
		w.mu.Lock()
		w.forget(now)
		w.count.Store(int64(len(w.until)))
		w.mu.Unlock()
	}
	return found
}
