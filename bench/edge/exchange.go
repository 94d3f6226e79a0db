//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// send writes the connection's next request, whole.
func (g *generator) send(c *conn) error {
	c.busy = false
	if g.job.Once && g.sent >= len(g.job.Requests) {
		return nil
	}
	request := g.next(c)
	c.busy, c.sentAt = true, time.Now()
	for len(request) > 0 {
		n, err := unix.Write(c.fd, request)
		switch {
		case err == unix.EAGAIN: // a batch may be larger than what the socket takes at once
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}, 1000); err != nil && err != unix.EINTR {
				return err
			}
		case err != nil:
			return fmt.Errorf("send to %s: %w", g.job.Address, err)
		}
		request = request[max(n, 0):]
	}
	return nil
}

// next is what a connection sends.
func (g *generator) next(c *conn) []byte {
	if c.junk {
		request := g.job.Junk[g.sentJunk%len(g.job.Junk)]
		g.sentJunk++
		scramble(request)
		return request
	}
	n := g.sent
	g.sent++
	if g.job.Rotate != "" {
		return c.request
	}
	return g.job.Requests[n%len(g.job.Requests)]
}

var errClosed = errors.New("the server closed a connection without an answer")

// receive reads what has come, and once it is a whole answer sends the next request.
func (g *generator) receive(c *conn) error {
	n, err := unix.Read(c.fd, c.in[c.n:])
	switch {
	case err == unix.EAGAIN:
		return nil
	case err != nil:
		return fmt.Errorf("receive from %s: %w", g.job.Address, err)
	case n == 0:
		return errClosed
	}
	c.n += n
	a, whole := parse(c.in[:c.n])
	if !whole {
		if c.n == len(c.in) {
			return errors.New("an answer is too large")
		}
		return nil
	}
	if err := g.note(c, &a); err != nil {
		return err
	}
	c.n = 0
	if a.last { // the server has had enough of this connection
		if err := g.connect(c); err != nil {
			return err
		}
	}
	return g.proceed(c)
}

// note counts an answer.
func (g *generator) note(c *conn, a *answer) error {
	switch {
	case c.junk && string(a.status) == "401":
		g.junk += g.counted()
		return nil
	case g.job.Shed && string(a.status) == "503":
		g.shed += g.counted()
		return nil
	}
	g.answered++
	if g.measuring {
		g.took.Add(time.Since(c.sentAt))
	}
	if c.junk || string(a.status) != g.job.Status || !bytes.Contains(a.body, []byte(g.job.Contains)) {
		if g.wrong++; g.sample == "" {
			g.sample = string(c.in[:min(c.n, 600)])
		}
		return nil
	}
	if g.job.Collect != "" {
		g.collected = append(g.collected, string(member(a.body, g.job.Collect)))
	}
	if g.job.Rotate == "" {
		return nil
	}
	return c.rotate(a.body, g.job.Rotate)
}

// counted is 1 while answers count.
func (g *generator) counted() int {
	if g.measuring {
		return 1
	}
	return 0
}

// member finds a string in a JSON body, nil if it is not there.
func member(body []byte, name string) []byte {
	_, rest, _ := bytes.Cut(body, []byte(`"`+name+`":"`))
	value, _, closed := bytes.Cut(rest, []byte(`"`))
	if !closed {
		return nil
	}
	return value
}

// rotate puts the token of the answer into the next request, where the last one stands.
func (c *conn) rotate(body []byte, name string) error {
	token := member(body, name)
	at := bytes.LastIndex(c.request, []byte(c.token))
	if len(token) != len(c.token) || at < 0 {
		return fmt.Errorf("no %s in the answer that could replace the last one", name)
	}
	c.token = string(token)
	copy(c.request[at:], token)
	return nil
}

// answer is an HTTP response.
type answer struct {
	status []byte
	body   []byte
	last   bool // the server closes the connection
}

// parse reads a response, if all of it is there.
func parse(in []byte) (a answer, whole bool) {
	end := bytes.Index(in, []byte("\r\n\r\n"))
	if end < 0 || len(in) < 12 {
		return a, false
	}
	head, rest := in[:end+2], in[end+4:]
	a.status = in[9:12]
	a.last = hasHeader(head, "connection", "close")
	length, given := header(head, "content-length")
	switch {
	case given:
		n, err := strconv.Atoi(string(length))
		if err != nil || len(rest) < n {
			return a, false
		}
		a.body = rest[:n]
	case hasHeader(head, "transfer-encoding", "chunked"):
		if !bytes.HasSuffix(rest, []byte("0\r\n\r\n")) {
			return a, false
		}
		a.body = rest
	}
	return a, true
}

// header finds a header by its name in lower case.
func header(head []byte, name string) (value []byte, found bool) {
	for len(head) > 0 {
		end := bytes.IndexByte(head, '\n')
		line := head[:end]
		head = head[end+1:]
		if len(line) > len(name) && line[len(name)] == ':' && equalFold(line[:len(name)], name) {
			return bytes.TrimSpace(line[len(name)+1:]), true
		}
	}
	return nil, false
}

func hasHeader(head []byte, name, value string) bool {
	got, found := header(head, name)
	return found && equalFold(got, value)
}

// equalFold compares with a lower-case word.
func equalFold(got []byte, lower string) bool {
	if len(got) != len(lower) {
		return false
	}
	for i, c := range got {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
