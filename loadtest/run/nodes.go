//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// nodes are two Tollgates on one Redis, which behave as one issuer.
type nodes struct {
	dir         string // Redis' own, gone with it
	logs        string
	public, ops []string // addresses
	processes   []process
}

type process struct {
	name string
	cmd  *exec.Cmd
}

// startNodes starts a Redis and both nodes. What it returns must be ended, whatever the error.
func startNodes(ctx context.Context, s settings) (*nodes, error) {
	dir, err := os.MkdirTemp("", "tollgate-load-")
	if err != nil {
		return &nodes{}, err
	}
	n := &nodes{dir: dir, logs: s.out}
	redis := freeAddress()
	_, port, _ := net.SplitHostPort(redis)
	if err := n.start("redis", "redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", dir, "--appendonly", "yes", "--save", ""); err != nil {
		return n, err
	}
	if err := await(ctx, func() bool { conn, err := net.Dial("tcp", redis); return err == nil && conn.Close() == nil }); err != nil {
		return n, fmt.Errorf("redis-server %w: %s", err, n.lastWords("redis"))
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
		if err := await(ctx, func() bool { return ready("http://" + public + "/readyz") }); err != nil {
			return n, fmt.Errorf("node %d %w: %s", i+1, err, n.lastWords(fmt.Sprint("node-", i+1)))
		}
	}
	return n, nil
}

// start runs a program that ends with us. One person signs in again and again here, and a machine that
// also runs k6 is slow: neither is what the tests are about.
func (n *nodes) start(name, program string, args ...string) error {
	log, err := os.Create(filepath.Join(n.logs, name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Env = append(environ(), "TOLLGATE_RATE_LIMITS__LOGIN=off", "TOLLGATE_REDIS__TIMEOUT=2s")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = ours()
	if err := cmd.Start(); err != nil {
		return err
	}
	n.processes = append(n.processes, process{name, cmd})
	return nil
}

// end kills all and waits for them: there is nothing to keep.
func (n *nodes) end() {
	for _, p := range n.processes {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	}
	os.RemoveAll(n.dir)
}

// lost says which node is not ready any more, a few seconds after a load.
func (n *nodes) lost() error {
	for i, address := range n.public {
		if err := await(context.Background(), func() bool { return ready(address + "/readyz") }); err != nil {
			return fmt.Errorf("node %d is not ready any more: %s", i+1, n.lastWords(fmt.Sprint("node-", i+1)))
		}
	}
	return nil
}

func (n *nodes) lastWords(name string) string { return lastLine(filepath.Join(n.logs, name+".log")) }

func ready(address string) bool {
	resp, err := (&http.Client{Timeout: 2 * time.Second}).Get(address)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// await asks for ten seconds.
func await(ctx context.Context, yes func() bool) error {
	for range 400 {
		if yes() {
			return nil
		}
		select {
		case <-ctx.Done():
			return errInterrupted
		case <-time.After(25 * time.Millisecond):
		}
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
