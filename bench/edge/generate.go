//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"tollgate/cmd/tollgate/load"
)

// job is one load on one server.
type job struct {
	Address     string
	PID         int // whose CPU time is read
	Connections int
	Requests    [][]byte // whole, as sent; connections go round them
	Once        bool     // each request once, and then it is over
	Rotate      string   // the member of the answer that replaces the connection's first token, "" for none
	Tokens      []string // with Rotate: what stands in Requests[i] and is replaced by what comes
	Collect     string   // the member of the answers that is gathered, "" for none
	Status      string   // of a right answer, like "200"
	Contains    string   // what a right answer has in it
	Shed        bool     // to be turned away by 503 is right, too, and counted apart
	Sleep       bool     // wait for answers asleep: a core that is shared is not to be kept from the server
	PerSecond   float64  // so many requests and no more; 0: each connection as fast as it is answered
	Junk        [][]byte // what every other connection sends, or all where there are no Requests, with other text in its token each time; 401 is right
	Warm        time.Duration
	Measure     time.Duration
}

// found is what a load measured.
type found struct {
	Requests int
	Seconds  float64
	CPU      float64 // seconds of the server
	P50, P99 float64 // milliseconds
	Shed     int     // beside Requests
	Junk     int     // refused, beside Requests
	Wrong    int
	Sample   string   // a wrong answer
	Tokens   []string // with Rotate: where each connection is now; with Collect: all that came
}

// generator sends from one thread over non-blocking sockets: one write and one read per request, and
// one epoll_wait for all that are ready. Whatever it costs, it costs the same for every server. It never
// sleeps: to wake it would be work of the server's, the more per request the slower the server is.
type generator struct {
	job     *job
	epoll   int
	conns   []*conn
	byFD    map[int32]*conn
	address unix.SockaddrInet4

	pace           pace
	sent, sentJunk int
	answered       int
	shed, junk     int // while measuring
	measuring      bool
	took           load.Histogram
	wrong          int
	sample         string
	collected      []string
}

// conn is one caller: it waits for an answer, and then sends the next request.
type conn struct {
	fd      int
	index   int
	request []byte
	token   string // with Rotate: the one in request
	junk    bool
	sentAt  time.Time
	in      []byte
	n       int // bytes of in that are filled
	busy    bool
}

func generate() error {
	var j job
	if err := json.NewDecoder(os.Stdin).Decode(&j); err != nil {
		return err
	}
	if j.PerSecond == 0 {
		if err := yieldCore(); err != nil {
			return err
		}
	}
	f, err := j.drive()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}

// drive puts the load on the server.
func (j *job) drive() (*found, error) {
	g := &generator{job: j, byFD: map[int32]*conn{}}
	defer g.close()
	if err := g.open(); err != nil {
		return nil, err
	}
	f, err := g.run()
	if j.Collect != "" && err == nil {
		f.Tokens = g.collected
	}
	return f, err
}

func (g *generator) close() {
	for fd := range g.byFD {
		unix.Close(int(fd))
	}
	unix.Close(g.epoll)
}

// open connects everybody.
func (g *generator) open() error {
	addr, err := net.ResolveTCPAddr("tcp4", g.job.Address)
	if err != nil {
		return err
	}
	g.address = unix.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}
	if g.epoll, err = unix.EpollCreate1(0); err != nil {
		return err
	}
	for i := range g.job.Connections {
		c := &conn{index: i, in: make([]byte, 256<<10), junk: len(g.job.Junk) > 0 && (i%2 == 1 || len(g.job.Requests) == 0)}
		if g.job.Rotate != "" {
			c.request, c.token = bytes.Clone(g.job.Requests[i]), g.job.Tokens[i]
		}
		g.conns = append(g.conns, c)
		if err := g.connect(c); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) connect(c *conn) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	if err := unix.Connect(fd, &g.address); err != nil {
		return fmt.Errorf("connect to %s: %w", g.job.Address, err)
	}
	err = errors.Join(unix.SetNonblock(fd, true), unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	if c.fd != 0 {
		delete(g.byFD, int32(c.fd))
		unix.Close(c.fd)
	}
	c.fd, c.n = fd, 0
	g.byFD[int32(fd)] = c
	return errors.Join(err, unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}))
}

// run warms up, measures, and lets what is on its way arrive.
func (g *generator) run() (*found, error) {
	if err := g.begin(); err != nil {
		return nil, err
	}
	if err := g.loop(g.job.Warm); err != nil {
		return nil, err
	}
	g.measuring = true
	before, answered, start, err := g.mark()
	if err != nil {
		return nil, err
	}
	if err := g.loop(g.job.Measure); err != nil {
		return nil, err
	}
	after, now, end, err := g.mark()
	if err != nil {
		return nil, err
	}
	f := &found{
		Requests: now - answered, Seconds: end.Sub(start).Seconds(), CPU: (after - before).Seconds(), Shed: g.shed, Junk: g.junk, Wrong: g.wrong, Sample: g.sample,
		P50: float64(g.took.Percentile(50)) / 1e6, P99: float64(g.took.Percentile(99)) / 1e6,
	}
	if g.job.Rotate != "" {
		g.measuring = false
		g.job.Once, g.sent = true, len(g.job.Requests) // nobody sends any more
		if err := g.loop(5 * time.Second); err != nil {
			return nil, err
		}
		for _, c := range g.conns {
			f.Tokens = append(f.Tokens, c.token)
		}
	}
	return f, nil
}

func (g *generator) mark() (cpu time.Duration, answered int, at time.Time, err error) {
	cpu, err = cpuTime(g.job.PID)
	return cpu, g.answered, time.Now(), err
}

// loop sends and receives for so long, or until there is nothing left to send and to wait for.
func (g *generator) loop(lasts time.Duration) error {
	events := make([]unix.EpollEvent, 256)
	for end := time.Now().Add(lasts); time.Now().Before(end) && g.waiting(); {
		if err := g.keepPace(); err != nil {
			return err
		}
		n, err := unix.EpollWait(g.epoll, events, g.job.patience())
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		for _, event := range events[:n] {
			if err := g.receive(g.byFD[event.Fd]); err != nil {
				return err
			}
		}
	}
	return nil
}

// waiting reports whether an answer is still to come.
func (g *generator) waiting() bool {
	if !g.job.Once {
		return true
	}
	for _, c := range g.conns {
		if c.busy {
			return true
		}
	}
	return false
}
