//go:build siege

package siege

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	dialers   = 16
	addresses = 250  // 127.0.1.1 and on: one address has not enough ports for many tests in a row
	spare     = 2000 // files, beside those of the connections
)

// source is where the connection of that number comes from.
func source(i int) net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i%addresses))} }

// crowd is many connections to a node at a time.
type crowd struct {
	conns []*held
	last  time.Time // when the last of them was opened
}

type held struct {
	net.Conn
	opened time.Time
	lasted time.Duration // until the node ended it; 0 while it has not
}

// gather opens so many connections, evenly over some time, and begins each.
func (p place) gather(t *testing.T, count int, over time.Duration, dialer net.Dialer, begin func(net.Conn) error) *crowd {
	t.Helper()
	c := &crowd{conns: make([]*held, count)}
	t.Cleanup(c.leave)
	evenly(count, over, func(i int) {
		from := dialer
		from.LocalAddr = source(i)
		conn, err := from.Dial("tcp", p.host)
		if err != nil {
			t.Errorf("connection %d: %v", i, err)
			return
		}
		c.conns[i] = &held{Conn: conn, opened: time.Now()}
		if err := begin(conn); err != nil {
			t.Errorf("connection %d: %v", i, err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	c.last = time.Now()
	return c
}

// await reads from each connection until the node ends it, until limit at most, and returns how long the
// one lived that lived longest, and how many were not ended.
func (c *crowd) await(limit time.Duration) (longest time.Duration, left int) {
	var all sync.WaitGroup
	for _, h := range c.conns {
		all.Go(func() {
			h.SetReadDeadline(time.Now().Add(limit))
			if _, err := io.Copy(io.Discard, h); !errors.Is(err, os.ErrDeadlineExceeded) {
				h.lasted = time.Since(h.opened)
			}
		})
	}
	all.Wait()
	for _, h := range c.conns {
		if longest = max(longest, h.lasted); h.lasted == 0 {
			left++
		}
	}
	return longest, left
}

// trickle sends one byte a second on each connection until stop is called, spread over the second.
func (c *crowd) trickle() (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	const slices = 1000
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second / slices)
		defer tick.Stop()
		for turn := 0; ; turn++ {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			for i := turn % slices; i < len(c.conns); i += slices {
				c.conns[i].Write([]byte("a")) // fails once the node has ended it
			}
		}
	}()
	return func() {
		close(ended)
		<-done
	}
}

// leave closes all of them.
func (c *crowd) leave() {
	for _, h := range c.conns {
		if h != nil {
			h.Close()
		}
	}
}

// standBack lets this process, which is the attackers', run only where nobody else would, until release is
// called: their machines would be others, and this one the node's.
func standBack(t *testing.T) (release func()) {
	t.Helper()
	set := func(policy uint32) (failed error) {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, thread := range threads {
			id, _ := strconv.Atoi(thread.Name())
			if err := unix.SchedSetAttr(id, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy}, 0); err != nil && !errors.Is(err, unix.ESRCH) {
				failed = err
			}
		}
		return failed
	}
	if err := set(unix.SCHED_IDLE); err != nil {
		t.Fatal(err)
	}
	return func() { set(unix.SCHED_NORMAL) } // is not allowed everywhere: then the rest of us goes on like that
}

// wantFiles lets us, and the nodes that are started from here on, have that many files open.
func wantFiles(t *testing.T, count int) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	want := uint64(count + spare)
	limit.Cur, limit.Max = max(limit.Cur, want), max(limit.Max, want)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skipf("%d open files are not allowed: %v", want, err)
	}
}

// evenly calls do with every number below count, spread over some time.
func evenly(count int, over time.Duration, do func(i int)) {
	start := time.Now()
	inTurns(count, dialers, func(i int) {
		time.Sleep(time.Until(start.Add(over * time.Duration(i) / time.Duration(count))))
		do(i)
	})
}

// inTurns calls do with every number below count, from so many goroutines.
func inTurns(count, callers int, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(count); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	all.Wait()
}
