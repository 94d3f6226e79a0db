//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// scripts are run in this order.
var scripts = []string{"validate", "introspect", "token", "refresh", "login", "mixed", "spike", "soak"}

// settings are what the command line says.
type settings struct {
	k6, tollgate, profile, out string
	scripts                    []string
}

func main() {
	runtime.LockOSThread() // processes end with the thread that started them
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends us at once, and all that we started with us
	s, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(status(err))
	}
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "load [flags] [script...], of %s; all of them without\n", strings.Join(scripts, ", "))
		flags.PrintDefaults()
	}
	flags.StringVar(&s.k6, "k6", "k6", "the k6 to run")
	flags.StringVar(&s.tollgate, "tollgate", "bin/tollgate", "the binary to test")
	flags.StringVar(&s.profile, "profile", "short", "short (minutes) or long (hours)")
	flags.StringVar(&s.out, "out", filepath.Join("loadtest", "results"), "folder for the summary")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.profile != "short" && s.profile != "long" {
		return s, fmt.Errorf("there is no profile %q; it can be short or long", s.profile)
	}
	for _, name := range flags.Args() {
		if !slices.Contains(scripts, name) {
			return s, fmt.Errorf("there is no script %q; there are %s", name, strings.Join(scripts, ", "))
		}
	}
	if s.scripts = flags.Args(); len(s.scripts) == 0 {
		s.scripts = scripts
	}
	for _, program := range []string{s.k6, s.tollgate, "redis-server"} {
		if _, err := exec.LookPath(program); err != nil {
			return s, fmt.Errorf("%s is missing: %w", program, err)
		}
	}
	return s, nil
}

func run(ctx context.Context, s settings) error {
	if err := clear(s.out); err != nil {
		return err
	}
	began := time.Now()
	nodes, err := startNodes(ctx, s)
	defer nodes.end()
	if err != nil {
		return err
	}
	fmt.Printf("two nodes and a Redis on this machine, %s profile; Ctrl-C stops and sums up what has run\n", s.profile)
	var tests []*test
	for _, name := range s.scripts {
		fmt.Printf("%-12s ", name)
		t, err := drive(ctx, s, nodes, name)
		if err != nil {
			return err
		}
		fmt.Println(t.line())
		if tests = append(tests, t); ctx.Err() != nil {
			break
		}
		if err := nodes.lost(); err != nil {
			t.wrong = append(t.wrong, err.Error())
			fmt.Printf("%-12s %s\n", "", t.line())
			break
		}
	}
	if err := writeSummary(s, began, tests); err != nil {
		return err
	}
	fmt.Println(filepath.Join(s.out, "summary.md"))
	return conclude(tests)
}

// clear empties the folder of what an earlier run left, and of nothing else.
func clear(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var errs []error
	for _, kind := range []string{"*.md", "*.svg", "*.json", "*.log"} {
		old, _ := filepath.Glob(filepath.Join(dir, kind)) // fails on a bad pattern only
		for _, file := range old {
			errs = append(errs, os.Remove(file))
		}
	}
	return errors.Join(errs...)
}
