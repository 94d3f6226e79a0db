//go:build attacks

package attacks

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	repeatsStore  = "standalone" // one is enough: what could grow is the process, and memory's state is in it
	repeats       = 1000
	repeatRounds  = 5        // one of which must leave the memory as it was
	repeatCallers = 4        // at a time
	repeatSize    = 64 << 10 // bytes of a row that are cheap to send again
)

// repeat sends again what the row sent, a thousand times, and wants no more memory to be in use than
// before, or nearly: if every round makes it grow, something is kept. It leaves out rows that are dear,
// or that got more than a refusal: an answer may leave something behind by right.
func (x *trial) repeat() {
	x.Helper()
	size := 0
	for _, s := range x.sent {
		if size += len(s.text); s.path() == "/login" { // hashes passwords
			return
		}
	}
	for _, a := range x.seen {
		if a.Status != 0 && (a.Status < 400 || a.Status >= 500) {
			return
		}
	}
	if size > repeatSize || len(x.sent) == 0 {
		return
	}
	var before, after int
	for range repeatRounds {
		before = x.inUse(x)
		x.resend()
		if after = x.inUse(x); after <= before*110/100 {
			return
		}
	}
	x.Errorf("memory grows with each %d repeats, at last from %d to %d KiB", repeats, before>>10, after>>10)
}

// resend sends what the row sent on connections of their own, and does not look at the answers.
func (x *trial) resend() {
	x.repeated += repeats
	var all sync.WaitGroup
	for caller := range repeatCallers {
		all.Go(func() {
			for i := caller; i < repeats; i += repeatCallers {
				x.sent[i%len(x.sent)].again()
			}
		})
	}
	all.Wait()
}

// sent is what was sent on a connection, to whom.
type sent struct{ address, text string }

func (s *sent) path() string {
	if words := strings.SplitN(s.text, " ", 3); len(words) == 3 {
		path, _, _ := strings.Cut(words[1], "?")
		return path
	}
	return ""
}

func (s *sent) again() {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return // the probe finds out
	}
	defer conn.Close()
	conn.(*net.TCPConn).SetLinger(0) // ports are free again at once
	conn.SetDeadline(time.Now().Add(time.Second))
	io.WriteString(conn, s.text)
	conn.Read(make([]byte, 4096))
}

// inUse is how many bytes of memory the attacked process still uses after a garbage collection. Its
// whole memory would hide what it keeps until that is more than it once needed.
func (p *place) inUse(tb testing.TB) int {
	tb.Helper()
	page := p.node.GetOps("/debug/pprof/heap?gc=1&debug=1").Want(tb, 200).Body
	_, rest, _ := bytes.Cut(page, []byte("\n# HeapAlloc = "))
	number, _, _ := bytes.Cut(rest, []byte("\n"))
	n, err := strconv.Atoi(string(number))
	if err != nil {
		tb.Fatal("the heap's profile does not say how large it is")
	}
	return n
}

// rss is how many bytes of memory the attacked process uses.
func (p *place) rss() int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.node.PID))
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 1 {
		pages, _ := strconv.Atoi(fields[1])
		return pages * os.Getpagesize()
	}
	return 0
}
