package server

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// timedWire is a connection under a watch whose time a test turns.
type timedWire struct {
	t      *testing.T
	watch  *watch
	server *timedConn
	client net.Conn
}

func newTimedWire(t *testing.T) *timedWire {
	client, conn := net.Pipe()
	w := newWatch()
	t.Cleanup(func() { client.Close() })
	return &timedWire{t, w, w.add(conn), client}
}

// pass lets so much time go by for the watch.
func (w *timedWire) pass(d time.Duration) {
	w.watch.start = w.watch.start.Add(-d)
	for range watchShards {
		w.watch.look()
	}
}

// receive has the server read what the client sends.
func (w *timedWire) receive(text string) {
	w.t.Helper()
	go w.client.Write([]byte(text))
	if n, err := w.server.Read(make([]byte, 100)); n != len(text) || err != nil {
		w.t.Fatalf("read %d bytes: %v", n, err)
	}
}

// answer has the server write to a client who reads.
func (w *timedWire) answer(text string) {
	w.t.Helper()
	go w.client.Read(make([]byte, 100))
	if n, err := w.server.Write([]byte(text)); n != len(text) || err != nil {
		w.t.Fatalf("wrote %d bytes: %v", n, err)
	}
}

const margin = 3 * time.Second // that a busy machine may stand still for

// ends checks that an operation that waits is ended after so long, and not before.
func (w *timedWire) ends(after time.Duration, waits func([]byte) (int, error)) {
	w.t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := waits(make([]byte, 100))
		done <- err
	}()
	time.Sleep(20 * time.Millisecond) // it waits now
	w.pass(after - margin)
	select {
	case err := <-done:
		w.t.Fatalf("it ended too early: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	w.pass(margin + watchTick)
	select {
	case err := <-done:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			w.t.Fatalf("it ended with %v", err)
		}
	case <-time.After(5 * time.Second):
		w.t.Fatalf("it does not end after %v", after)
	}
}

// in is a moment from now.
func (w *timedWire) in(d time.Duration) time.Time {
	return w.watch.start.Add(time.Since(w.watch.start) + d)
}

func TestConns_WhoSaysNothingIsLetGo(t *testing.T) {
	w := newTimedWire(t)
	w.ends(readTimeout, w.server.Read)
}

func TestConns_SlowSenderIsLetGoAndToldSo(t *testing.T) {
	w := newTimedWire(t)
	w.server.SetReadDeadline(w.in(readTimeout))
	w.receive("GET / HT")
	w.pass(readTimeout - margin)
	w.receive("T")
	w.ends(margin, w.server.Read)
	w.answer("408")
	w.ends(writeTimeout, w.server.Write)
}

func TestConns_WhoDoesNotReadIsLetGo(t *testing.T) {
	w := newTimedWire(t)
	w.receive("GET")
	w.server.SetWriteDeadline(w.in(writeTimeout))
	w.ends(writeTimeout, w.server.Write)
}

func TestConns_SlowHandlerIsNotTheClientsFault(t *testing.T) {
	w := newTimedWire(t)
	w.receive("GET")
	w.pass(time.Minute)
	w.server.SetWriteDeadline(w.in(writeTimeout))
	w.answer("200")
	w.server.SetReadDeadline(w.in(idleTimeout))
	w.receive("GET")
	w.server.SetWriteDeadline(w.in(writeTimeout))
	w.answer("200")
}

// Ten thousand slow clients that came together would else be told so at one instant, and everybody who
// asks meanwhile would wait.
func TestConns_WhoIsLateTogetherDoesNotEndTogether(t *testing.T) {
	const each = 10
	w := newWatch()
	w.start = w.start.Add(-time.Minute)
	all := make([]*timedConn, each*watchShards)
	for i := range all {
		client, conn := net.Pipe()
		t.Cleanup(func() { client.Close() })
		all[i] = w.add(conn)
		all[i].due.Store(1)
	}
	for turn := range watchShards {
		w.look()
		ended := 0
		for _, c := range all {
			if c.due.Load() == timedOut {
				ended++
			}
		}
		if want := each * (turn + 1); ended != want {
			t.Fatalf("%d are ended after %d turns, want %d", ended, turn+1, want)
		}
	}
}

func TestConns_WithoutADeadlineItStays(t *testing.T) {
	w := newTimedWire(t)
	w.server.SetReadDeadline(time.Time{})
	w.pass(24 * time.Hour)
	w.receive("GET")
}

func TestConns_ClosedIsForgotten(t *testing.T) {
	w := newTimedWire(t)
	for range 2 { // fasthttp may close twice
		w.server.Close()
	}
	for i := range w.watch.shards {
		if n := len(w.watch.shards[i].conns); n > 0 {
			t.Errorf("%d connections are still watched", n)
		}
	}
	w.pass(time.Hour)
}
