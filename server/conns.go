package server

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readTimeout  = 5 * time.Second  // first byte to whole request: a slow sender ends here
	writeTimeout = 5 * time.Second  // a reader who does not read ends here
	idleTimeout  = 60 * time.Second // longer than what load balancers keep open

	watchTick   = 250 * time.Millisecond // how late a timeout may be
	watchShards = 16
	timedOut    = -1 // instead of a deadline: it is over
)

// watch ends connections that take too long. fasthttp would set a timer of the runtime three times a
// request, which costs as much as all our middleware. Here a request leaves the time when it would
// be too late, and one goroutine looks through them.
type watch struct {
	start  time.Time
	now    atomic.Int64 // milliseconds since start, as of the last look
	next   atomic.Uint64
	shards [watchShards]watchShard
}

type watchShard struct {
	mu    sync.Mutex
	conns map[*timedConn]struct{}
}

func newWatch() *watch {
	w := &watch{start: time.Now()}
	for i := range w.shards {
		w.shards[i].conns = map[*timedConn]struct{}{}
	}
	return w
}

// run looks until ctx ends.
func (w *watch) run(ctx context.Context) {
	ticker := time.NewTicker(watchTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look()
		}
	}
}

func (w *watch) look() {
	now := time.Since(w.start).Milliseconds()
	w.now.Store(now)
	for i := range w.shards {
		shard := &w.shards[i]
		shard.mu.Lock()
		for c := range shard.conns {
			c.expire(now)
		}
		shard.mu.Unlock()
	}
}

// add watches a new connection, whose first request is due now.
func (w *watch) add(conn net.Conn) *timedConn {
	c := &timedConn{Conn: conn, watch: w, shard: &w.shards[w.next.Add(1)%watchShards]}
	c.due.Store(w.in(readTimeout))
	c.shard.mu.Lock()
	c.shard.conns[c] = struct{}{}
	c.shard.mu.Unlock()
	return c
}

// in is a moment from now, never earlier than asked for.
func (w *watch) in(d time.Duration) int64 { return w.now.Load() + (d + watchTick).Milliseconds() }

// timedConn is a connection between a client and fasthttp, which reads and writes it in turns from
// one goroutine.
type timedConn struct {
	net.Conn
	watch *watch
	shard *watchShard
	phase phase
	// interim: what is written next is no answer, and the request goes on after it (100 Continue)
	interim bool

	due atomic.Int64 // in the watch's milliseconds, or timedOut
	mu  sync.Mutex   // of who says or takes back that it is over
}

// phase is what a connection is at.
type phase int

const (
	reading phase = iota // a request, or the first is awaited
	writing              // an answer
	idle                 // between two requests
)

// Read reads what the client sends. What it waits for after an answer is the next request.
func (c *timedConn) Read(b []byte) (int, error) {
	if c.phase == writing {
		c.enter(idle, idleTimeout)
	}
	n, err := c.Conn.Read(b)
	if c.phase == idle && n > 0 {
		c.enter(reading, readTimeout)
	}
	return n, err
}

// Write writes an answer, or a part of one.
func (c *timedConn) Write(b []byte) (int, error) {
	switch {
	case c.interim:
		c.interim = false
	case c.phase != writing:
		c.enter(writing, writeTimeout)
	}
	return c.Conn.Write(b)
}

// enter begins a phase, which is over when it takes longer than that. The one before may have been over
// while the answer was made: that is no longer of interest.
func (c *timedConn) enter(p phase, longest time.Duration) {
	c.phase = p
	if c.due.Swap(c.watch.in(longest)) == timedOut {
		c.mu.Lock()
		defer c.mu.Unlock()
		_ = c.SetDeadline(time.Time{}) // fails where the connection is closed, which the next call will say
	}
}

// expire wakes who reads or writes, if it takes too long.
func (c *timedConn) expire(now int64) {
	due := c.due.Load()
	if due == timedOut || now <= due {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.due.CompareAndSwap(due, timedOut) {
		_ = c.SetDeadline(time.Unix(1, 0)) // as in enter
	}
}

// Close ends the connection, and the watch over it.
func (c *timedConn) Close() error {
	c.shard.mu.Lock()
	delete(c.shard.conns, c)
	c.shard.mu.Unlock()
	return c.Conn.Close()
}
