package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

func TestStop_FinishesWhatIsInFlightAndEndsInOrder(t *testing.T) {
	n := StartServeOn(t, StartRedis(t))
	apps := n.Seed(t)
	access := n.ClientCredentials(apps.Service).Want(t, 200).Access

	// Callers behind a balancer, which sends no more once /readyz has turned.
	var drained atomic.Bool
	var answered atomic.Int64
	var callers errgroup.Group
	for range 8 {
		callers.Go(func() error {
			for !drained.Load() {
				if err := mismatch(n.Validate(access, ""), 200); err != nil {
					return fmt.Errorf("a request was dropped: %w", err)
				}
				answered.Add(1)
			}
			return nil
		})
	}
	time.Sleep(200 * time.Millisecond)
	slow := []*halfRequest{beginValidate(t, n, access), beginValidate(t, n, access)}
	time.Sleep(50 * time.Millisecond)

	start := time.Now()
	n.Signal(syscall.SIGTERM)
	turned := n.AwaitStatus("/readyz", 503) // still listening: balancers learn of it
	n.GetOps("/readyz").Want(t, 503)
	n.Get("/livez").Want(t, 200)
	n.Validate(access, "").Want(t, 200)
	drained.Store(true)
	if err := callers.Wait(); err != nil {
		t.Error(err)
	}
	if status := slow[0].finish(t); status != 200 {
		t.Errorf("a request in flight was answered %d", status)
	}
	for n.Get("/livez").Status != 0 { // until nobody listens
		time.Sleep(10 * time.Millisecond)
	}
	closed := time.Since(start)
	if status := slow[1].finish(t); status != 200 {
		t.Errorf("a request in flight when the listener closed was answered %d", status)
	}
	<-n.Ended()
	took := time.Since(start)
	if code, _ := n.Stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, n.Logs())
	}
	if took > 10*time.Second {
		t.Errorf("ended only after %s", took)
	}
	t.Logf("%d requests answered, none dropped; /readyz turned after %s, listener closed after %s, exit 0 after %s",
		answered.Load(), turned.Round(time.Millisecond), closed.Round(time.Millisecond), took.Round(time.Millisecond))
}

// halfRequest is a request of which the server has seen a part.
type halfRequest struct {
	conn net.Conn
	rest string
}

func beginValidate(t *testing.T, n *Node, access string) *halfRequest {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := fmt.Fprint(conn, "GET /validate HTTP/1.1\r\nHost: tollgate\r\nAuthorization: Bearer "); err != nil {
		t.Fatal(err)
	}
	return &halfRequest{conn, access + "\r\n\r\n"}
}

// finish sends the rest and returns the answer's status, 0 for none.
func (h *halfRequest) finish(t *testing.T) int {
	t.Helper()
	if _, err := fmt.Fprint(h.conn, h.rest); err != nil {
		t.Log("finish a request: ", err)
		return 0
	}
	resp, err := http.ReadResponse(bufio.NewReader(h.conn), nil)
	if err != nil {
		t.Log("read an answer: ", err)
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}
