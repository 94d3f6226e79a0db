//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
)

// parts are what the command starts of itself, each pinned to a core of its own.
var parts = map[string]func() error{
	"generate": generate,
	"bare":     bare,
	"crypto":   rawCrypto,
	"evalsha":  rawScript,
	"growth":   grow,
}

func main() {
	if err := begin(); err != nil {
		fmt.Fprintln(os.Stderr, "edge:", err)
		os.Exit(1)
	}
}

func begin() error {
	if len(os.Args) > 1 && parts[os.Args[1]] != nil {
		return parts[os.Args[1]]()
	}
	runtime.LockOSThread() // processes end with the thread that started them
	s := settings{}
	flag.StringVar(&s.tollgate, "tollgate", "bin/tollgate", "the binary to measure")
	flag.StringVar(&s.out, "out", "bench", "folder for RESULTS.md and the chart")
	flag.IntVar(&s.rounds, "rounds", 5, "how often every row is measured")
	flag.DurationVar(&s.measure, "measure", defaultMeasure, "how long each time")
	flag.StringVar(&s.only, "only", "", "a regular expression: only the rows whose name it matches")
	flag.StringVar(&s.profiles, "profiles", "", "a folder for CPU profiles of Tollgate under each load; what they cost is in the figures")
	flag.Parse()
	if runtime.NumCPU() < 2 {
		return fmt.Errorf("one core is not enough: the server and the load need one each")
	}
	return compare(s)
}
