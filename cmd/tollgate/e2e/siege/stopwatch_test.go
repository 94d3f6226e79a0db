//go:build siege

package siege

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const maxAnswer = 64 << 10

// stopwatch is one connection whose answers are timed as sharply as it goes: blocking calls from a thread
// of its own, without the runtime between.
type stopwatch struct {
	fd     int
	answer []byte
}

func (b *besieged) stopwatch(t *testing.T) *stopwatch {
	t.Helper()
	s, err := dialStopwatch(b.host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

func dialStopwatch(address string) (*stopwatch, error) {
	to, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	s := &stopwatch{fd: fd, answer: make([]byte, maxAnswer)}
	patience := syscall.Timeval{Sec: 10}
	for _, set := range []func() error{
		func() error { return syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &patience) },
		func() error { return syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) },
		func() error {
			return syscall.Connect(fd, &syscall.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())})
		},
	} {
		if err := set(); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *stopwatch) close() { syscall.Close(s.fd) }

// time sends a request and returns how long its answer took to begin, and its status.
func (s *stopwatch) time(request string) (took time.Duration, status int, err error) {
	start := time.Now()
	if _, err := again(func() (int, error) { return syscall.Write(s.fd, []byte(request)) }); err != nil {
		return 0, 0, err
	}
	n, err := again(func() (int, error) { return syscall.Read(s.fd, s.answer) })
	took = time.Since(start)
	if err != nil || n < len("HTTP/1.1 200") {
		return took, 0, fmt.Errorf("answered %q: %w", s.answer[:max(n, 0)], err)
	}
	status, _ = strconv.Atoi(string(s.answer[9:12]))
	return took, status, s.rest(n)
}

// rest reads what is left of an answer, of which n bytes are here.
func (s *stopwatch) rest(n int) error {
	for {
		head, body, whole := strings.Cut(string(s.answer[:n]), "\r\n\r\n")
		if whole {
			_, field, _ := strings.Cut(strings.ToLower(head), "content-length: ")
			length, _, _ := strings.Cut(field, "\r\n")
			if want, _ := strconv.Atoi(length); len(body) >= want {
				return nil
			}
		}
		more, err := again(func() (int, error) { return syscall.Read(s.fd, s.answer[n:]) })
		if err != nil || more <= 0 {
			return fmt.Errorf("half an answer: %w", err)
		}
		n += more
	}
}

// again repeats what a signal of the runtime has interrupted.
func again(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); err != syscall.EINTR {
			return n, err
		}
	}
}
