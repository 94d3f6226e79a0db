package main

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

const (
	maxPendingLog = 4 << 20 // bytes; some seconds of lines at full load
	logFlushTime  = time.Second
	logGatherTime = 20 * time.Millisecond // a write for every line would cost more than the line
)

// logQueue writes in the background, many lines at once, so that a full disk or a collector that
// hangs costs lines and never an answer. Lines are lost only once maxPendingLog of them wait, and
// each is counted.
type logQueue struct {
	out     io.Writer
	wake    chan struct{} // holds a word while pending may have something
	dropped atomic.Pointer[metrics.Counter]

	mu      sync.Mutex
	pending []byte
	writing bool
}

func newLogQueue(out io.Writer) *logQueue {
	q := &logQueue{out: out, wake: make(chan struct{}, 1)}
	q.dropped.Store(&metrics.Counter{})
	go q.run()
	return q
}

// count tells where lost lines are counted; those of before are taken over.
func (q *logQueue) count(set *metrics.Set) {
	c := set.NewCounter("tollgate_log_dropped_lines_total")
	c.AddInt64(int64(q.dropped.Swap(c).Get()))
}

// Write takes one line and never waits for the output.
func (q *logQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	full := len(q.pending)+len(line) > maxPendingLog
	if !full {
		q.pending = append(q.pending, line...)
	}
	q.mu.Unlock()
	if full {
		q.dropped.Load().Inc()
		return len(line), nil
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return len(line), nil
}

// Sync waits until all is written, a second at most.
func (q *logQueue) Sync() error {
	for deadline := time.Now().Add(logFlushTime); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		q.mu.Lock()
		idle := len(q.pending) == 0 && !q.writing
		q.mu.Unlock()
		if idle {
			break
		}
	}
	return nil
}

// run writes what is pending, in turns with a second buffer, so that nothing is allocated for a line.
func (q *logQueue) run() {
	var taken []byte
	for range q.wake {
		time.Sleep(logGatherTime)
		q.mu.Lock()
		taken, q.pending = q.pending, taken[:0]
		q.writing = true
		q.mu.Unlock()
		if n, err := q.out.Write(taken); err != nil {
			q.dropped.Load().Add(bytes.Count(taken[n:], []byte("\n")))
		}
		q.mu.Lock()
		q.writing = false
		q.mu.Unlock()
	}
}
