package keys

import (
	"context"
	"sync"
	"time"
)

// refreshPause bounds what strangers with made-up key ids can cost: a hundred reads a second.
const refreshPause = 10 * time.Millisecond

// flights hands every caller of Refresh a read that began after they asked: a read that was under
// way already may have missed the very key they come for.
type flights struct {
	mu      sync.Mutex
	waiting *flight // has not begun; nil = none

	flying sync.Mutex // one at a time: while the store hangs they must not pile up
	began  time.Time  // of the last one
}

type flight struct {
	done chan struct{}
	err  error // valid once done is closed
}

// Refresh rereads the set now, for a token whose key is not known. Callers share one read, and
// there are at most a hundred a second; a caller waits for the next one, or until ctx ends. An error
// means that nobody knows.
func (m *Manager) Refresh(ctx context.Context) error {
	f := m.board()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// board returns the flight that begins next, and starts it if there is none.
func (m *Manager) board() *flight {
	m.flights.mu.Lock()
	defer m.flights.mu.Unlock()
	if m.flights.waiting == nil {
		m.flights.waiting = &flight{done: make(chan struct{})}
		go m.fly(m.flights.waiting)
	}
	return m.flights.waiting
}

// fly waits for its slot and reads. Its context is its own: the caller who happened to start it
// may leave while others wait.
func (m *Manager) fly(f *flight) {
	m.flights.flying.Lock()
	defer m.flights.flying.Unlock()
	time.Sleep(time.Until(m.flights.began.Add(refreshPause)))
	m.flights.mu.Lock()
	m.flights.waiting, m.flights.began = nil, time.Now()
	m.flights.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	f.err = m.Load(ctx)
	close(f.done)
}
