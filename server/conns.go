package server

import (
	"context"
	"crypto/tls"
	"math"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readTimeout  = 5 * time.Second  // first byte to whole request: a slow sender ends here
	writeTimeout = 5 * time.Second  // a reader who does not read ends here
	idleTimeout  = 60 * time.Second // longer than what load balancers keep open

	// sendBuffer is how much of its answers the kernel takes for a client, in bytes; it keeps as much again
	// for itself. Left to it, that would be megabytes of what nobody reads.
	sendBuffer = 32 << 10

	minRead = 4 << 10 // bytes that are read ahead at a time, at least

	watchTick   = 250 * time.Millisecond // how late a timeout may be
	watchShards = 16                     // looked through one after the other: who is late together does not end together
	endPause    = time.Millisecond       // between those of one shard, a few at a time, over most of its turn
	timedOut    = -1                     // instead of a deadline: it is over
)

// watch ends connections that take too long. fasthttp would set a timer of the runtime three times a
// request. Here a request leaves the time when it would be too late, and one goroutine looks through
// them.
type watch struct {
	start  time.Time
	next   atomic.Uint64
	turn   int          // the shard that is looked through next
	late   []*timedConn // of that shard
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
	ticker := time.NewTicker(watchTick / watchShards)
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

// look goes through one shard, whose turn it is. Each of those it ends has an answer to be written, so
// they get their ends spread: whoever asks meanwhile waits behind few of them.
func (w *watch) look() {
	now := time.Since(w.start).Milliseconds()
	shard := &w.shards[w.turn]
	w.turn = (w.turn + 1) % watchShards
	w.late = shard.due(now, w.late[:0])
	defer clear(w.late)
	const pauses = int(watchTick/watchShards/endPause) * 2 / 3
	few := len(w.late)/pauses + 1
	for i, c := range w.late {
		c.expire(now)
		if (i+1)%few == 0 {
			time.Sleep(endPause)
		}
	}
}

// due appends those who are late.
func (s *watchShard) due(now int64, late []*timedConn) []*timedConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if isLate(c.due.Load(), now) {
			late = append(late, c)
		}
	}
	return late
}

// add watches a new connection, whose first request is due now.
func (w *watch) add(conn net.Conn) *timedConn {
	bound(conn)
	c := &timedConn{Conn: conn, watch: w, shard: &w.shards[w.next.Add(1)%watchShards]}
	c.due.Store(w.until(time.Now().Add(readTimeout)))
	c.shard.mu.Lock()
	c.shard.conns[c] = struct{}{}
	c.shard.mu.Unlock()
	return c
}

// until is a deadline in the watch's milliseconds; it is never early.
func (w *watch) until(deadline time.Time) int64 {
	if deadline.IsZero() {
		return math.MaxInt64 // there is none
	}
	return max(0, (deadline.Sub(w.start) + time.Millisecond).Milliseconds())
}

// timedConn is a connection between a client and fasthttp, which reads and writes it in turns from
// one goroutine, and says at each turn by when that must be over. It does not say so of the words that
// it has for who was too slow.
type timedConn struct {
	net.Conn
	watch   *watch
	shard   *watchShard
	writing bool   // the deadline is an answer's
	early   []byte // what was read ahead of fasthttp
	ended   error  // what was to be read ahead does not come

	due atomic.Int64 // in the watch's milliseconds, or timedOut
	mu  sync.Mutex   // of who says or takes back that it is over
}

// SetReadDeadline implements net.Conn, without a timer.
func (c *timedConn) SetReadDeadline(t time.Time) error {
	c.writing = false
	return c.setDue(t)
}

// SetWriteDeadline implements net.Conn, without a timer.
func (c *timedConn) SetWriteDeadline(t time.Time) error {
	c.writing = true
	return c.setDue(t)
}

// setDue begins anew. What was over may have been so while the answer was made: it is no longer of
// interest.
func (c *timedConn) setDue(t time.Time) error {
	if c.due.Swap(c.watch.until(t)) != timedOut {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.SetDeadline(time.Time{})
}

// Read reads what is early, or else what comes.
func (c *timedConn) Read(b []byte) (int, error) {
	if c.early == nil {
		return c.Conn.Read(b)
	}
	n := copy(b, c.early)
	if c.early = c.early[n:]; len(c.early) == 0 {
		c.early = nil
	}
	return n, nil
}

// readAhead waits for so many bytes, with memory for those that have come.
func (c *timedConn) readAhead(n int) error {
	var early []byte
	for len(early) < n {
		early = slices.Grow(early, min(n-len(early), minRead))
		got, err := c.Conn.Read(early[len(early):min(cap(early), n)])
		early = early[:len(early)+got]
		if err != nil && len(early) < n {
			c.ended = err
			return err
		}
	}
	c.early = early
	return nil
}

// bound limits what the kernel keeps of answers that are not read.
func bound(conn net.Conn) {
	if tcp := tcpOf(conn); tcp != nil {
		_ = tcp.SetWriteBuffer(sendBuffer) // fails where it is closed
	}
}

// tcpOf is the connection under one that may be TLS; nil where it is none of the network's.
func tcpOf(conn net.Conn) *net.TCPConn {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	tcp, _ := conn.(*net.TCPConn)
	return tcp
}

// Write writes an answer, or a part of one. What is not taken in time is thrown away with the connection:
// the kernel would go on offering it for minutes to who does not read.
func (c *timedConn) Write(b []byte) (int, error) {
	if !c.writing && c.due.Load() == timedOut {
		if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Write(b)
	if err != nil {
		if tcp := tcpOf(c.Conn); tcp != nil {
			_ = tcp.SetLinger(0) // fails where it is closed
		}
	}
	return n, err
}

func isLate(due, now int64) bool { return due != timedOut && now > due }

// expire wakes who reads or writes, if it takes too long.
func (c *timedConn) expire(now int64) {
	due := c.due.Load()
	if !isLate(due, now) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.due.CompareAndSwap(due, timedOut) {
		_ = c.Conn.SetDeadline(time.Unix(1, 0)) // fails where it is closed
	}
}

// Close ends the connection, and the watch over it.
func (c *timedConn) Close() error {
	c.shard.mu.Lock()
	delete(c.shard.conns, c)
	c.shard.mu.Unlock()
	return c.Conn.Close()
}

// timedTLS is a timedConn that fasthttp knows to be TLS: it shakes hands with it where others do not
// wait.
type timedTLS struct {
	*timedConn
	tls *tls.Conn
}

// Handshake and ConnectionState are those of the connection.
func (c *timedTLS) Handshake() error                     { return c.tls.Handshake() }
func (c *timedTLS) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
