//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"time"
)

const (
	defaultMeasure = 1500 * time.Millisecond
	connections    = 32
	turns          = 5             // of rows that take turns within a round
	newTokens      = 12000 / turns // each time, where every token is new; the first of them warm up
)

// settings are what the command line says.
type settings struct {
	tollgate, out, only, profiles string
	rounds                        int
	measure                       time.Duration
}

// sample is one measurement of one row.
type sample struct {
	PerSecond float64
	CPU       float64 // microseconds of the server per operation
	P50, P99  float64 // milliseconds; 0 where nothing waits
	Busy      float64 // percent of its core that the server had; far below 100 it was not the server that was slow

	// Only where other load stands beside, and for the row it is compared with.
	Junk            float64 // junk tokens refused per second
	Recalled        float64 // of good tokens, the part that was answered from memory
	Asked           float64 // commands that Redis is given for a thousand junk tokens
	Signed, Offered float64 // per second: tokens issued, and asked for
}

// row is something that is measured.
type row struct {
	name    string
	about   string // what exactly it does
	group   int    // rows of one group take turns; 0: it is measured by itself
	measure func() (sample, error)
	samples []sample // one for each round
}

// comparison is everything that stands side by side.
type comparison struct {
	settings
	processes
	rows        []*row
	group       int           // of the rows that are added
	span        time.Duration // of one measurement
	now         string        // the row that is measured, or none
	missing     []string      // what could not be measured, and why
	whereItGoes string        // the time of a hit
	growth      []growthStep
	footprint   []limit
	takeProfile func() error // fills whereItGoes; may be nil
	facts       []string     // about this run
}

func compare(s settings) error {
	only, err := regexp.Compile(s.only)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("taskset"); err != nil {
		return errors.New("taskset is not installed; it is in util-linux")
	}
	dir, err := os.MkdirTemp("", "tollgate-edge-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	os.Setenv("TOLLGATE_TOKENS__ACCESS_TTL", "2h") // longer than any run
	c := &comparison{settings: s, processes: processes{dir: dir}}
	defer c.end()
	if err := c.build(only); err != nil {
		return err
	}
	start := time.Now()
	for round := range s.rounds {
		for _, together := range c.groups() {
			fmt.Fprintf(os.Stderr, "\r\x1b[Kround %d of %d: %s", round+1, s.rounds, together[0].name)
			if err := c.take(together); err != nil {
				fmt.Fprintln(os.Stderr)
				return err
			}
		}
	}
	fmt.Fprintln(os.Stderr, "\r\x1b[Kprofile, and growth to a million tokens")
	c.now = ""
	if c.takeProfile != nil {
		if err := c.takeProfile(); err != nil {
			c.miss("profile", err)
		}
	}
	if only.MatchString("footprint") {
		if err := c.measureFootprint(); err != nil {
			c.miss("footprint", err)
		}
	}
	if only.MatchString("growth") {
		if err := c.measureGrowth(); err != nil {
			c.miss("growth", err)
		}
	}
	c.facts = append(c.facts, fmt.Sprintf("%d rounds of %s a row, %d connections, took %s", s.rounds, s.measure, connections, time.Since(start).Round(time.Second)))
	return c.report()
}

// add puts a row into the comparison.
func (c *comparison) add(name, about string, measure func() (sample, error)) {
	c.rows = append(c.rows, &row{name: name, about: about, group: c.group, measure: measure})
}

// miss notes what cannot be measured here.
func (c *comparison) miss(what string, err error) {
	c.missing = append(c.missing, fmt.Sprintf("%s: %v", what, err))
	fmt.Fprintf(os.Stderr, "not measured: %s: %v\n", what, err)
}

// load measures a server with a job.
func (c *comparison) load(s *server, j job) (sample, error) {
	f, err := c.generate(s, &j)
	return f.sample(1), err
}

// generate runs the load, and fails if the server answers anything but what is right.
func (c *comparison) generate(s *server, j *job) (*found, error) {
	j.Address, j.PID, j.Connections = s.address, s.pid, connections
	if j.Status == "" {
		j.Status = "200"
	}
	if j.Measure == 0 {
		j.Warm, j.Measure = c.span/5, c.span
	}
	var f found
	profiled := c.profile(s, j.Measure)
	if err := errors.Join(part(loadCore, "generate", j, &f), <-profiled); err != nil {
		return &f, err
	}
	switch {
	case f.Wrong > 0:
		return &f, fmt.Errorf("%d wrong answers, such as %s", f.Wrong, f.Sample)
	case f.Requests+f.Junk == 0:
		return &f, errors.New("no answers")
	}
	return &f, nil
}

// sample is what was found, where each request asks about so many things.
func (f *found) sample(each int) sample {
	n := float64(f.Requests * each)
	return sample{PerSecond: n / f.Seconds, CPU: f.CPU / n * 1e6, P50: f.P50, P99: f.P99, Busy: 100 * f.CPU / f.Seconds}
}

// raw measures an operation without a server.
func (c *comparison) raw(operation string, length int) func() (sample, error) {
	return func() (sample, error) {
		var got cost
		err := part(serverCore, "crypto", map[string]any{"Operation": operation, "Length": length, "Measure": c.span / 2}, &got)
		return got.sample(), err
	}
}

func (c cost) sample() sample {
	n := float64(c.Operations)
	return sample{PerSecond: n / c.Seconds, CPU: c.CPU / n * 1e6, Busy: 100 * c.CPU / c.Seconds}
}
