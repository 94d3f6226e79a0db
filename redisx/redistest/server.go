package redistest

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const startTimeout = 30 * time.Second

// Server is a running redis-server on the loopback address.
type Server struct {
	Addr string // host:port, kept by Restart
	URL  string // redis://host:port

	tb      testing.TB
	args    []string    // of the whole command line
	tls     *tls.Config // nil: plain TCP
	env     []string    // of the process, beside ours
	mu      sync.Mutex
	process *exec.Cmd
	guard   io.WriteCloser
}

// Start runs a server whose data survives Restart. args are redis-server's, after our own. It
// ends with the test.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	return StartWith(tb, nil, args...)
}

// StartWith is Start with settings of the environment, as "LD_PRELOAD=…".
func StartWith(tb testing.TB, env []string, args ...string) *Server {
	tb.Helper()
	s := newServer(tb, tb.TempDir(), env, append([]string{"--appendonly", "yes"}, args...))
	tb.Cleanup(s.Kill)
	return s
}

func newServer(tb testing.TB, dir string, env, args []string) *Server {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		tb.Fatal("redis-server is not installed: run `make test`, which installs it")
	}
	addr := FreeAddr(tb)
	s := &Server{Addr: addr, URL: "redis://" + addr, tb: tb, env: env, args: append(base(addr, dir), args...)}
	s.launch()
	return s
}

// base is what every server that holds data begins with.
func base(addr, dir string) []string {
	return []string{"--bind", "127.0.0.1", "--port", portOf(addr), "--dir", dir, "--save", "", "--loglevel", "warning",
		"--repl-diskless-sync-delay", "0"} // replicas begin at once
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// FreeAddr returns a loopback address that nobody listens on now, and that no test gets, in this process or
// another, until this one has ended: who holds its UDP port has it, also while a server there is down. It
// lies below the ports that systems give to whoever opens a connection, or one of the test's own takes it.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	const lowest, highest = 12000, 32000
	for range 100 {
		addr := fmt.Sprint("127.0.0.1:", lowest+rand.IntN(highest-lowest))
		mark, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			tb.Cleanup(func() { mark.Close() })
			return addr
		}
		mark.Close()
	}
	tb.Fatal("there is no free port")
	return ""
}

func (s *Server) launch() {
	s.tb.Helper()
	var output strings.Builder
	s.process = exec.Command("redis-server", s.args...)
	s.process.Env = append(os.Environ(), s.env...)
	s.process.Stdout, s.process.Stderr = &output, &output
	if err := s.process.Start(); err != nil {
		s.tb.Fatal("start redis-server: ", err)
	}
	s.guard = guard(s.tb, s.process.Process.Pid)
	if err := s.await(); err != nil {
		s.Kill() // waits, so output is complete
		s.tb.Fatalf("redis-server did not come up: %v\n%s", err, output.String())
	}
}

// guard starts a shell that waits for a line, and kills the server if we die without sending it.
func guard(tb testing.TB, pid int) io.WriteCloser {
	tb.Helper()
	shell := exec.Command("sh", "-c", "read line || kill -9 "+strconv.Itoa(pid))
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // survives Ctrl-C
	pipe, err := shell.StdinPipe()
	if err == nil {
		err = shell.Start()
	}
	if err != nil {
		tb.Fatal("guard redis-server: ", err)
	}
	go shell.Wait()
	return pipe
}

// await returns when the server answers, its data loaded.
func (s *Server) await() error {
	var last error
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if last = s.ping(); last == nil {
			return nil
		}
	}
	return last
}

// ping asks for a sign of life. A server that wants a password gives one, too.
func (s *Server) ping() error {
	_, err := s.Do("PING")
	if err != nil && strings.HasPrefix(err.Error(), "NOAUTH") {
		return nil
	}
	return err
}

// Stop ends the server in order: it saves first. Restart brings it back.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server at once, as a crash does. Restart brings it back.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

func (s *Server) end(how os.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	s.process.Process.Signal(syscall.SIGCONT) // a paused one could not end in order
	s.process.Process.Signal(how)
	s.process.Wait()
	s.process = nil
	s.guard.Write([]byte("\n"))
	s.guard.Close()
}

// Restart starts the server again on the same port with the same data; it is killed first if
// it runs.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Kill()
	s.launch()
}

// Nice sets the server's priority, -20 for one that runs before everything else here, as if it had a
// machine of its own. It reports whether we may do that.
func (s *Server) Nice(priority int) bool {
	return syscall.Setpriority(syscall.PRIO_PROCESS, s.process.Process.Pid, priority) == nil
}

// Pause makes the server hang: connections stay open, nothing is answered.
func (s *Server) Pause() { s.process.Process.Signal(syscall.SIGSTOP) }

// Continue ends Pause.
func (s *Server) Continue() { s.process.Process.Signal(syscall.SIGCONT) }
