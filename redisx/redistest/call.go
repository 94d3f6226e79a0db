package redistest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

const callTimeout = 5 * time.Second

// Do sends one command on a connection of its own, as the default user, and returns the reply: a
// string, an int64, a []any of these, or nil. What Redis refuses is an error with its words.
func (s *Server) Do(args ...string) (any, error) {
	conn, err := net.DialTimeout("tcp", s.Addr, callTimeout)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(callTimeout))
	if s.tls != nil {
		conn = tls.Client(conn, s.tls)
	}
	if _, err := conn.Write(command(args)); err != nil {
		return nil, err
	}
	return reply(bufio.NewReader(conn))
}

// Text is Do for a command whose reply is text; it fails the test on anything else.
func (s *Server) Text(tb testing.TB, args ...string) string {
	tb.Helper()
	answer, err := s.Do(args...)
	if err != nil {
		tb.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return fmt.Sprint(answer)
}

// Field returns one field of INFO, "" where there is none or nobody answers.
func (s *Server) Field(name string) string {
	info, _ := s.Do("INFO")
	text, _ := info.(string)
	for line := range strings.Lines(text) {
		if field, value, _ := strings.Cut(strings.TrimSpace(line), ":"); field == name {
			return value
		}
	}
	return ""
}

func command(args []string) []byte {
	out := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		out = fmt.Appendf(out, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return out
}

// reply reads one RESP2 reply.
func reply(r *bufio.Reader) (any, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, rest := line[0], strings.TrimRight(line[1:], "\r\n")
	if kind == '+' {
		return rest, nil
	}
	if kind == '-' {
		return nil, errors.New(rest)
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	switch {
	case err != nil || kind == ':':
		return n, err
	case n < 0:
		return nil, nil
	case kind == '$':
		text := make([]byte, n+2)
		_, err = io.ReadFull(r, text)
		return string(text[:n]), err
	case kind != '*':
		return nil, fmt.Errorf("not a reply: %q", line)
	}
	items := make([]any, n)
	for i := range items {
		if items[i], err = reply(r); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// await asks until the answer is yes, and fails the test if it never is.
func await(tb testing.TB, what string, within time.Duration, yes func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(within); !yes(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("redistest: %s did not happen within %s", what, within)
		}
	}
}
