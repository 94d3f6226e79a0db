package e2e

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

const startTimeout = 20 * time.Second

// Node is a tollgate process. It ends with the test.
type Node struct {
	Issuer string // as tokens name it; nodes of one installation share it
	URL    string // of this node's public listener, http://host:port
	Ops    string // of its ops listener
	PID    int    // of the running process
	Path   string // of a binary to run in place of Binary's
	Panics bool   // as the test asks it to: its panics are no findings

	tb    testing.TB
	dir   string // its working directory
	args  []string
	env   []string
	redis string // address, of a serve node
	admin string // bearer of the admin API
	logs  output // of both its outputs
	said  output // of standard output alone

	process *exec.Cmd
	guard   io.WriteCloser
	ended   chan struct{}
}

// DevAdmin is the admin token of `tollgate dev`.
const DevAdmin = "dev-admin-token"

// StartDev runs `tollgate dev` on free ports in an empty folder and returns when it is ready. args
// are further flags.
func StartDev(tb testing.TB, args ...string) *Node {
	tb.Helper()
	n := NewDev(tb, args...)
	n.Start()
	n.AwaitReady()
	return n
}

// NewDev prepares what StartDev runs.
func NewDev(tb testing.TB, args ...string) *Node {
	tb.Helper()
	public, ops := redistest.FreeAddr(tb), redistest.FreeAddr(tb)
	n := &Node{
		Issuer: "http://" + public, URL: "http://" + public, Ops: "http://" + ops,
		tb: tb, dir: tb.TempDir(), admin: DevAdmin,
		args: append([]string{"dev", "--listen", public, "--ops-listen", ops}, args...),
	}
	tb.Cleanup(n.finish)
	return n
}

// Setenv adds settings, as TOLLGATE_TOKENS__ACCESS_TTL=1m, for the next start.
func (n *Node) Setenv(settings ...string) { n.env = append(n.env, settings...) }

// Start starts the process and does not wait for anything.
func (n *Node) Start() {
	n.tb.Helper()
	path := n.Path
	if path == "" {
		path = Binary(n.tb)
	}
	n.process = exec.Command(path, n.args...)
	n.process.Dir, n.process.Env = n.dir, append(cleanEnviron(), n.env...)
	n.process.Stdout, n.process.Stderr = io.MultiWriter(&n.logs, &n.said), &n.logs
	if err := n.process.Start(); err != nil {
		n.tb.Fatal("start tollgate: ", err)
	}
	n.PID = n.process.Process.Pid
	n.guard = guard(n.tb, n.PID)
	ended := make(chan struct{})
	n.ended = ended
	go func(p *exec.Cmd) {
		p.Wait()
		close(ended)
	}(n.process)
}

// guard starts a shell that waits for a line, and kills the process if we die without sending it.
func guard(tb testing.TB, pid int) io.WriteCloser {
	tb.Helper()
	shell := exec.Command("sh", "-c", "read line || kill -9 "+strconv.Itoa(pid))
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // survives Ctrl-C
	pipe, err := shell.StdinPipe()
	if err == nil {
		err = shell.Start()
	}
	if err != nil {
		tb.Fatal("guard tollgate: ", err)
	}
	go shell.Wait()
	return pipe
}

// cleanEnviron is ours without any setting of tollgate's.
func cleanEnviron() []string {
	var kept []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TOLLGATE_") {
			kept = append(kept, v)
		}
	}
	return kept
}

// AwaitReady returns when /readyz says 200, and how long that took. It fails the test with the log
// if the process ends instead.
func (n *Node) AwaitReady() time.Duration {
	n.tb.Helper()
	return n.AwaitStatus("/readyz", 200)
}

// AwaitStatus returns when GET path answers with status, and how long that took.
func (n *Node) AwaitStatus(path string, status int) time.Duration {
	n.tb.Helper()
	start := time.Now()
	for time.Since(start) < startTimeout {
		if n.Get(path).Status == status {
			return time.Since(start)
		}
		select {
		case <-n.ended:
			n.tb.Fatalf("tollgate ended: %v\n%s", n.process.ProcessState, n.Logs())
		case <-time.After(5 * time.Millisecond):
		}
	}
	n.tb.Fatalf("%s does not answer %d\n%s", path, status, n.Logs())
	return 0
}

// finish ends the process, and fails the test over what none may ever write: a panic, recovered or
// not, or a finding of the race detector in a binary that was built with it.
func (n *Node) finish() {
	n.Kill()
	for line := range strings.SplitSeq(n.Logs(), "\n") {
		panicked := strings.HasPrefix(line, "panic:") || strings.Contains(line, `"panic":`)
		if panicked && !n.Panics || strings.Contains(line, "DATA RACE") {
			n.tb.Errorf("%v wrote %s", n, line)
		}
	}
}

// Kill ends the process at once, as a crash does. One that has ended is left alone.
func (n *Node) Kill() { n.end(syscall.SIGKILL) }

// Stop asks the process to end in order and returns its exit code and how long it took.
func (n *Node) Stop() (code int, took time.Duration) {
	start := time.Now()
	n.end(syscall.SIGTERM)
	return n.process.ProcessState.ExitCode(), time.Since(start)
}

// Signal sends a signal and does not wait.
func (n *Node) Signal(s os.Signal) { n.process.Process.Signal(s) }

// Ended is closed when the process is gone.
func (n *Node) Ended() <-chan struct{} { return n.ended }

func (n *Node) end(how os.Signal) {
	if n.guard == nil {
		return
	}
	n.process.Process.Signal(how)
	<-n.ended
	n.guard.Write([]byte("\n"))
	n.guard.Close()
	n.guard = nil
	CloseConnections()
}

// Restart starts the process again, with the same ports and files, and returns when it is ready.
// It is killed first if it runs.
func (n *Node) Restart() {
	n.tb.Helper()
	n.Kill()
	n.Start()
	n.AwaitReady()
}

// Logs returns what the process has written so far, in all its lives, to both of its outputs.
func (n *Node) Logs() string { return n.logs.String() }

// LogsSince returns what Logs does, from so many bytes on.
func (n *Node) LogsSince(offset int) string {
	n.logs.mu.Lock()
	defer n.logs.mu.Unlock()
	return string(n.logs.all.Bytes()[offset:])
}

// Printed returns what the process has written to standard output alone.
func (n *Node) Printed() string { return n.said.String() }

// HoldOutput stops reading what the process writes to standard output, as a log collector does that
// hangs, until release is called.
func (n *Node) HoldOutput() (release func()) {
	n.said.mu.Lock()
	return n.said.mu.Unlock
}

// Dir is the process' working directory.
func (n *Node) Dir() string { return n.dir }

func (n *Node) String() string { return fmt.Sprintf("%s (pid %d)", n.URL, n.PID) }

// output gathers what a process writes while others read it.
type output struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}
