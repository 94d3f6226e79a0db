//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
)

// scripts are run in this order.
var scripts = []string{"validate", "introspect", "token", "refresh", "login", "mixed", "spike", "soak"}

// settings are what the command line says.
type settings struct {
	k6, tollgate, profile, out, only string
}

func main() {
	runtime.LockOSThread() // processes end with the thread that started them
	var s settings
	flag.StringVar(&s.k6, "k6", "k6", "the k6 to run")
	flag.StringVar(&s.tollgate, "tollgate", "bin/tollgate", "the binary to test")
	flag.StringVar(&s.profile, "profile", "short", "short (minutes) or long (hours)")
	flag.StringVar(&s.out, "out", filepath.Join("loadtest", "results"), "folder for the summary; what it holds is replaced")
	flag.StringVar(&s.only, "only", "", "a regular expression: only the scripts whose name it matches")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// errFailed: the tests ran, and not all thresholds hold.
var errFailed = errors.New("not every test passed")

func run(s settings) error {
	only, err := regexp.Compile(s.only)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(s.out); err != nil {
		return err
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return err
	}
	nodes, err := startNodes(s)
	defer nodes.end()
	if err != nil {
		return err
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	var tests []*test
	for _, name := range scripts {
		if !only.MatchString(name) {
			continue
		}
		t, err := nodes.drive(s, name)
		if err != nil {
			return err
		}
		tests = append(tests, t)
		if len(interrupted) > 0 {
			break // what has run is summed up
		}
	}
	return sumUp(s, tests)
}

// test is one script that has run.
type test struct {
	name    string
	passed  bool
	summary *summary
	series  *series
}

// drive runs one script. A test that fails is no error.
func (n *nodes) drive(s settings, name string) (*test, error) {
	fmt.Printf("%-12s ", name)
	base := filepath.Join(s.out, name)
	cmd := exec.Command(s.k6, "run", "--quiet", "--no-usage-report", "--address", "", "--out", "csv="+base+".csv", filepath.Join("loadtest", name+".js"))
	cmd.Env = append(os.Environ(), "NODES="+strings.Join(n.public, ","), "OPS="+strings.Join(n.ops, ","), "PROFILE="+s.profile,
		"SUMMARY="+base+".json", "K6_CSV_TIME_FORMAT=unix")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	printed, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	t := &test{name: name, passed: err == nil}
	fmt.Println(verdict(string(printed)))
	if t.summary, err = readSummary(base + ".json"); err != nil {
		return nil, fmt.Errorf("%s left no summary: %w\n%s", name, err, printed)
	}
	t.series, err = readSeries(base + ".csv")
	return t, errors.Join(err, os.Remove(base+".csv")) // one line per request and metric
}

// verdict is what the script's summary said, or else k6's last words.
func verdict(printed string) string {
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	for _, line := range lines {
		if line == "passed" || strings.HasPrefix(line, "FAILED: ") {
			return line
		}
	}
	return lines[len(lines)-1]
}
