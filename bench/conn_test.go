package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
)

// conn is one client's connection. It allocates nothing per request, so that what a benchmark counts
// is the server's. The server ends a connection after many requests, and the client then opens another.
type conn struct {
	net.Conn
	dial func() (net.Conn, error)
	r    *bufio.Reader
	body []byte
}

func (i *issuer) dial() *conn {
	i.b.Helper()
	c, err := i.listener.Dial()
	if err != nil {
		i.b.Fatal(err)
	}
	return &conn{Conn: c, dial: i.listener.Dial, r: bufio.NewReaderSize(c, 64<<10)}
}

// send returns status and body; the body is good until the next send.
func (c *conn) send(request []byte) (status int, body []byte, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, nil, err
	}
	length, last := 0, false
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		switch text, found := bytes.CutPrefix(line, []byte("Content-Length: ")); {
		case status == 0:
			status = number(line[9:12])
		case found:
			length = number(bytes.TrimRight(text, "\r\n"))
		case bytes.HasPrefix(line, []byte("Connection: close")):
			last = true
		}
		if len(line) == 2 {
			break
		}
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	if _, err = io.ReadFull(c.r, c.body[:length]); err == nil && last {
		err = c.redial()
	}
	return status, c.body[:length], err
}

func (c *conn) redial() (err error) {
	c.Close()
	if c.Conn, err = c.dial(); err == nil {
		c.r.Reset(c.Conn)
	}
	return err
}

func number(digits []byte) int {
	n, _ := strconv.Atoi(string(digits)) // does not escape: no allocation
	return n
}

// must sends a request that has to succeed and returns the body.
func (c *conn) must(b *testing.B, request []byte) []byte {
	b.Helper()
	status, body, err := c.send(request)
	if err != nil || status != 200 {
		b.Fatalf("%d %s %v", status, body, err)
	}
	return body
}

// member finds a string in a JSON body.
func member(body []byte, name string) string {
	_, rest, _ := bytes.Cut(body, []byte(`"`+name+`":"`))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}

// hammer sends requests from all cores, each over a connection of its own, round and round; every
// answer must have the status and contain the word.
func (i *issuer) hammer(b *testing.B, status int, word string, requests ...[]byte) {
	b.Helper()
	var next atomic.Int64
	i.each(b, func(c *conn) error {
		got, body, err := c.send(requests[int(next.Add(1)-1)%len(requests)])
		if err != nil || got != status || !bytes.Contains(body, []byte(word)) {
			return fmt.Errorf("%d %s %v", got, body, err)
		}
		return nil
	})
}

// each calls one after the other on each of several connections, which are open before the clock
// starts.
func (i *issuer) each(b *testing.B, call func(c *conn) error) {
	b.Helper()
	const perCore = 4
	idle := make(chan *conn, 1024)
	for range cap(idle) / 32 {
		c := i.dial()
		defer c.Close()
		idle <- c
	}
	b.SetParallelism(perCore)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		c := <-idle
		for pb.Next() {
			if err := call(c); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
}
