package server

import (
	"net"
	"testing"
	"time"
)

// TestServe_EndsWhereShutdownCameFirst is a signal in the instant of the start.
func TestServe_EndsWhereShutdownCameFirst(t *testing.T) {
	for _, late := range []time.Duration{0, 50 * time.Microsecond, time.Millisecond, 20 * time.Millisecond} {
		h := newHouse(t, testIssuer)
		var pair [2]net.Listener
		for i := range pair {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			pair[i] = ln
		}
		ended := make(chan error, 1)
		go func() {
			time.Sleep(late)
			ended <- h.server.Serve(pair[0], pair[1])
		}()
		if err := h.server.Shutdown(t.Context()); err != nil {
			t.Errorf("%v late: shutdown: %v", late, err)
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%v late: %v", late, err)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%v late: it still serves", late)
		}
		if conn, err := net.Dial("tcp", pair[0].Addr().String()); err == nil {
			conn.Close()
			t.Errorf("%v late: somebody listens", late)
		}
	}
}
