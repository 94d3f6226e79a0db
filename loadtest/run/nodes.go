//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// nodes are two Tollgates on one Redis, which behave as one issuer.
type nodes struct {
	dir         string
	public, ops []string // addresses
	processes   []*exec.Cmd
}

// startNodes starts a Redis and both nodes. What it returns must be ended, whatever the error.
func startNodes(s settings) (*nodes, error) {
	dir, err := os.MkdirTemp("", "tollgate-load-")
	if err != nil {
		return &nodes{}, err
	}
	n := &nodes{dir: dir}
	redis := freeAddress()
	_, port, _ := net.SplitHostPort(redis)
	if err := n.start("redis", "redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", dir, "--appendonly", "yes", "--save", ""); err != nil {
		return n, err
	}
	if err := await(func() bool { conn, err := net.Dial("tcp", redis); return err == nil && conn.Close() == nil }); err != nil {
		return n, fmt.Errorf("redis-server %w", err)
	}
	issuer := ""
	for i := range 2 {
		public, ops := freeAddress(), freeAddress()
		if issuer == "" {
			issuer = "http://" + public
		}
		err := n.start(fmt.Sprint("node-", i+1), s.tollgate, "dev", "--listen", public, "--ops-listen", ops, "--issuer", issuer, "--redis", redis)
		if err != nil {
			return n, err
		}
		n.public, n.ops = append(n.public, "http://"+public), append(n.ops, "http://"+ops)
		if err := await(func() bool { return ready("http://" + public + "/readyz") }); err != nil {
			said, _ := os.ReadFile(filepath.Join(n.dir, fmt.Sprintf("node-%d.log", i+1))) // the error below stands without it
			return n, fmt.Errorf("node %d %w\n%s", i+1, err, said)
		}
	}
	return n, nil
}

// start runs a program that ends with us. One person signs in again and again here, and a machine that
// also runs k6 is slow: neither is what the tests are about.
func (n *nodes) start(name, program string, args ...string) error {
	log, err := os.Create(filepath.Join(n.dir, name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "TOLLGATE_RATE_LIMITS__LOGIN=off", "TOLLGATE_REDIS__TIMEOUT=2s")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	n.processes = append(n.processes, cmd)
	return nil
}

func (n *nodes) end() {
	for _, cmd := range n.processes {
		cmd.Process.Kill()
		cmd.Wait()
	}
	os.RemoveAll(n.dir)
}

func ready(address string) bool {
	resp, err := http.Get(address)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func await(yes func() bool) error {
	for range 400 {
		if yes() {
			return nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	return errors.New("does not come up")
}

// freeAddress is a loopback address that nobody listens on now.
func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err) // a machine without a free port tests nothing
	}
	defer l.Close()
	return l.Addr().String()
}
