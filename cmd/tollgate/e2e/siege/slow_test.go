//go:build siege

package siege

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	talkLimit = 5 * time.Second  // what a request, or an answer, may take
	idleLimit = 60 * time.Second // what a connection may wait for the next
	grace     = 10 * time.Second // after its limit, at most, a connection is gone
	comeTime  = 20 * time.Second // a crowd takes to come, where it is there for so long: all are, at a time

	perConn = 192 << 10 // bytes: twice the limits of headers and body, for buffers double when they grow, and 32 KiB
)

const memoryGoal = "≤ 192 KiB of memory each"

func crowdGoal(limit time.Duration) string {
	return fmt.Sprintf("limit %s, all closed ≤ %s later; %s; p99 of good requests ≤ 2×", limit, grace, memoryGoal)
}

// clients is how many there are at a time.
func clients(t *testing.T) int {
	t.Helper()
	count := size(t, "SIEGE_CLIENTS", 10_000)
	wantFiles(t, count)
	return count
}

// siege is what a crowd did to a node.
type siege struct {
	baseline, p99 time.Duration
	probes        int
	before, most  int // bytes of memory
	open, count   int

	rivalBaseline, rivalP99 time.Duration // 0: the rival was spared
}

// under runs an attack, with good requests beside it.
func (b *besieged) under(t *testing.T, count int, attack func()) siege {
	t.Helper()
	s := siege{baseline: b.baseline(t), count: count, before: b.settledMemory(t)}
	idle := b.files()
	w := b.watch()
	s.p99, s.probes = b.during(t, attack)
	w.stop()
	s.most, s.open = w.memory, w.files-idle
	b.alive(t)
	return s
}

// rival has Go's own HTTP server attacked in the node's place, for comparison: crowd and server share a
// machine, so some of what becomes of good requests is its doing.
func (s *siege) rival(t *testing.T, attack func(place)) {
	t.Helper()
	r := startRival(t)
	s.rivalBaseline = r.baseline(t)
	s.rivalP99, _ = r.during(t, func() { attack(r) })
}

func (s siege) each() int { return max(0, s.most-s.before) / s.count }

func (s siege) holds() bool { return s.p99 <= 2*s.baseline && s.each() <= perConn }

func (s siege) String() string {
	text := fmt.Sprintf("%d KiB each (%d → %d MiB); p99 of %d good requests %s → %s (%s)",
		s.each()>>10, s.before>>20, s.most>>20, s.probes, short(s.baseline), short(s.p99), times(s.p99, s.baseline))
	if s.rivalP99 > 0 {
		text += fmt.Sprintf("; Go's net/http in its place %s → %s (%s)", short(s.rivalBaseline), short(s.rivalP99), times(s.rivalP99, s.rivalBaseline))
	}
	return text
}

func times(a, b time.Duration) string { return fmt.Sprintf("%.1f×", float64(a)/float64(b)) }

func TestSlow_S1_HeadersByteByByte(t *testing.T) {
	slowly(t, "S1", talkLimit, "GET /validate HTTP/1.1\r\nHost: a\r\nX-Slow: ", true)
}

func TestSlow_S2_BodiesByteByByte(t *testing.T) {
	slowly(t, "S2", talkLimit, "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n", true)
}

func TestSlow_S4_IdleAfterARequest(t *testing.T) {
	slowly(t, "S4", idleLimit, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", false)
}

// slowly opens connections that say the words at once, and then a byte a second or nothing.
func slowly(t *testing.T, id string, limit time.Duration, words string, trickle bool) {
	count := clients(t)
	b := besiege(t)
	attack := func(p place) (longest time.Duration, left int) {
		c := p.gather(t, count, min(comeTime, limit*9/10), net.Dialer{}, func(conn net.Conn) error {
			_, err := io.WriteString(conn, words)
			return err
		})
		defer c.leave()
		if trickle {
			defer c.trickle()()
		}
		return c.await(limit + grace + 5*time.Second)
	}
	var longest time.Duration
	var left int
	s := b.under(t, count, func() { longest, left = attack(b.place) })
	s.rival(t, func(p place) { attack(p) })
	record(t, id, s.holds() && s.open >= count*9/10 && left == 0 && longest <= limit+grace,
		"%d clients, %d open at a time: the last closed after %s, %d never; %s", count, s.open, short(longest), left, s)
}

// small is a client with little room for what it does not read, and small packets: the node's kernel takes
// only so many of them off its hands, not megabytes of answers.
var small = net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		if failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4096); failed == nil {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 88)
		}
	})
	if err != nil {
		return err
	}
	return failed
}}

// Who does not read cannot see the end either: the node's own count of files tells, and the kernel's of
// connections that nobody has any more, with answers for who does not take them.
func TestSlow_S3_AnswersAreNeverRead(t *testing.T) {
	count := clients(t)
	b := besiege(t)
	const request = "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: a\r\n\r\n"
	some, more := strings.Repeat(request, 25), strings.Repeat(request, 175) // the kernel takes the answers of some, not of more
	_, before := sockets(t)
	attack := func(p place) (took time.Duration, left, orphans, kernel int) {
		idle := p.files()
		c := p.gather(t, count, comeTime, small, func(conn net.Conn) error {
			_, err := io.WriteString(conn, some)
			return err
		})
		evenly(count, talkLimit*9/10, func(i int) {
			if _, err := io.WriteString(c.conns[i], more); err != nil {
				t.Errorf("connection %d: %v", i, err)
			}
		})
		defer c.leave()
		c.last = time.Now()
		_, kernel = sockets(t)
		for {
			took, left = time.Since(c.last), p.files()-idle
			if left <= few || took > talkLimit+grace+5*time.Second {
				orphans, _ = sockets(t)
				return took, left, orphans, kernel
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	var took time.Duration
	var left, orphans, kernel int
	s := b.under(t, count, func() { took, left, orphans, kernel = attack(b.place) })
	s.rival(t, func(p place) { attack(p) })
	kernel = max(0, kernel-before) / count
	record(t, "S3", s.holds() && s.open >= count*9/10 && left <= few && orphans <= few && took <= talkLimit+grace && s.each()+kernel <= perConn,
		"%d clients, %d open at a time: all closed %s after the last request, %d left, %d to the kernel, which had %d KiB each; %s",
		count, s.open, short(took), max(0, left-few), orphans, kernel>>10, s)
}

const few = 5 // connections that may be those of good requests

// sockets is how many connections of the machine nobody has any more, and how many bytes the kernel has of all.
func sockets(t *testing.T) (orphans, memory int) {
	t.Helper()
	stat, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(stat), "TCP: ")
	var used, waiting, all, pages int
	if _, err := fmt.Sscanf(line, "inuse %d orphan %d tw %d alloc %d mem %d", &used, &orphans, &waiting, &all, &pages); err != nil {
		t.Fatal(err)
	}
	return orphans, pages * os.Getpagesize()
}

const floodAtOnce = 1000 // connections

// floods sends words and then a piece without end on each of many connections, some at a time, until the
// node has answered and ended it: with the status, or because even that took too long here.
func floods(t *testing.T, id string, status int, words, piece string, pieces int) {
	count := clients(t)
	b := besiege(t)
	atOnce := min(count, floodAtOnce)
	var refused, late atomic.Int64
	s := b.under(t, atOnce, func() {
		inTurns(count, atOnce, func(i int) {
			switch got, err := b.flood(i, words, piece, pieces); {
			case err != nil:
				t.Error(err)
			case got == status:
				refused.Add(1)
			case got == http.StatusRequestTimeout:
				late.Add(1)
			default:
				t.Errorf("answered %d", got)
			}
		})
	})
	record(t, id, refused.Load() > 0 && s.each() <= perConn, "%d connections, %d at a time: %d answered %d and closed, %d after their time; %s",
		count, atOnce, refused.Load(), status, late.Load(), s)
}

// flood returns what one such connection is answered; not to be ended is an error.
func (b *besieged) flood(i int, words, piece string, pieces int) (status int, err error) {
	conn, err := (&net.Dialer{LocalAddr: source(i)}).Dial("tcp", b.host)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(talkLimit + grace))
	go func() {
		io.WriteString(conn, words)
		for range pieces {
			if _, err := io.WriteString(conn, piece); err != nil {
				return // ended by the node, as it should
			}
		}
	}()
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, fmt.Errorf("no answer: %w", err)
	}
	io.Copy(io.Discard, resp.Body)
	if _, err := in.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, errors.New("not ended after its answer")
	}
	return resp.StatusCode, nil
}

func TestSlow_S5_ChunksWithoutEnd(t *testing.T) {
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 4096, strings.Repeat("a", 4096))
	floods(t, "S5", 413, "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, 1<<20)
}

func TestSlow_S6_LongHeaderLines(t *testing.T) {
	floods(t, "S6", 431, "GET /validate HTTP/1.1\r\nHost: a\r\nX-Long: ", strings.Repeat("a", 4096), 256)
}
