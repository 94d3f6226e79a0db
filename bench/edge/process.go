//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Cores. Redis works for the server and stands beside the load, so that the server has its core to
// itself.
const (
	serverCore = "0"
	loadCore   = "1"
	bothCores  = "0,1"
)

// processes are those that are running; all end with this one.
type processes struct {
	dir string // of logs and configuration
	mu  sync.Mutex
	all []*exec.Cmd
}

// server is a process that answers at an address.
type server struct {
	address string
	pid     int
	ops     string // of a Tollgate
}

// start runs a program on a core; its output goes to a file named after it.
func (p *processes) start(core, name, program string, args ...string) (*exec.Cmd, error) {
	log, err := os.Create(filepath.Join(p.dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := pinned(core, program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, cmd)
	return cmd, nil
}

// serve starts a server and returns once it listens.
func (p *processes) serve(core, name, address, program string, args ...string) (*server, error) {
	cmd, err := p.start(core, name, program, args...)
	if err != nil {
		return nil, err
	}
	for range 400 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return &server{address: address, pid: cmd.Process.Pid}, nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	said, _ := os.ReadFile(filepath.Join(p.dir, name+".log"))
	return nil, fmt.Errorf("%s does not listen on %s: %s", name, address, bytes.TrimSpace(said))
}

func (p *processes) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, cmd := range p.all {
		cmd.Process.Kill()
		cmd.Wait()
	}
	p.all = nil
}

func pinned(core, program string, args ...string) *exec.Cmd {
	cmd := exec.Command("taskset", append([]string{"-c", core, program}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// part runs a part of this program on a core, hands it in as JSON, and reads what it found into out.
func part(core, name string, in, out any) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	cmd := pinned(core, self, name)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	found, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return json.Unmarshal(found, out)
}

// freeAddress is a loopback address that nobody listens on now.
func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err) // a machine without a free port measures nothing
	}
	defer l.Close()
	return l.Addr().String()
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// cpuTime is what a process has used, as /proc/PID/stat has it, but to the nanosecond: its CPU
// clock (clock_getcpuclockid(3)).
func cpuTime(pid int) (time.Duration, error) {
	const wholeProcess = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|wholeProcess), &t); err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// file writes a file into the folder and returns its name.
func (p *processes) file(name string, text []byte) string {
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		panic(err) // the folder is our own, just made
	}
	return path
}
