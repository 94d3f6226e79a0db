package server

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
)

// failing is a listener whose first calls fail.
type failing struct {
	net.Listener
	errs []error
}

func (l *failing) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
	}
	return nil, net.ErrClosed
}

func TestListen_WaitsOutWhatPasses(t *testing.T) {
	l := &failing{errs: []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED}}
	if _, err := (watched{l, newWatch()}).Accept(); err != net.ErrClosed || len(l.errs) != 0 {
		t.Errorf("gave up with %v", err)
	}
	l = &failing{errs: []error{syscall.EINVAL}}
	if _, err := (watched{l, newWatch()}).Accept(); fmt.Sprint(err) != "accept: accept4: invalid argument" {
		t.Errorf("a broken listener is %v", err)
	}
}
