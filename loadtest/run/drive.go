//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long an interrupted k6 may take to sum up.
const patience = 20 * time.Second

// test is one script that has run.
type test struct {
	name        string
	interrupted bool
	wrong, slow []string // what did not hold
	summary     *summary
	traffic     *traffic
	usage       usage
}

// drive runs one script. A test that fails is no error.
func drive(ctx context.Context, s settings, n *nodes, name string) (*test, error) {
	file := filepath.Join(s.out, name+".json")
	log, err := os.Create(filepath.Join(s.out, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, s.k6, "run", "--quiet", "--no-color", "--no-usage-report", "--address", "", "--out", "csv=-",
		filepath.Join("loadtest", name+".js"))
	cmd.Env = append(environ(), "NODES="+strings.Join(n.public, ","), "OPS="+strings.Join(n.ops, ","), "PROFILE="+s.profile,
		"SUMMARY="+file, "K6_CSV_TIME_FORMAT=unix_milli", "K6_AUTO_EXTENSION_RESOLUTION=false")
	cmd.SysProcAttr = ours()
	cmd.Stderr = log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = patience
	samples, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	before := n.used()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t := &test{name: name}
	var unread error
	if t.traffic, unread = readTraffic(samples); unread != nil {
		io.Copy(io.Discard, samples) // k6 waits for whoever reads; its end is what counts
	}
	ended := cmd.Wait()
	t.usage = n.used().since(before).and(cmd.ProcessState)
	t.interrupted = ctx.Err() != nil
	t.summary, err = readSummary(file)
	t.judge(ended, errors.Join(err, unread), lastLine(log.Name()))
	return t, nil
}

// ours has a process end with us, and keeps the terminal's Ctrl-C from it: it is told in its turn.
func ours() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// environ is ours without what would change k6 or a node.
func environ() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "K6_") && !strings.HasPrefix(variable, "TOLLGATE_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

func lastLine(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Sprint("its log cannot be read: ", err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
