//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// kept begins what people write into RESULTS.md: a new run keeps it.
const kept = "<!-- by hand from here on; a new run keeps it -->"

// report writes RESULTS.md and the chart, and prints the ratios.
func (c *comparison) report() error {
	file := filepath.Join(c.out, "RESULTS.md")
	old, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	_, byHand, found := bytes.Cut(old, []byte(kept))
	if !found {
		byHand = []byte("\n")
	}
	verdicts := c.verdicts()
	var b strings.Builder
	c.writeHead(&b)
	writeVerdicts(&b, verdicts)
	fmt.Fprintf(&b, "![Throughput of one core](results.svg)\n\n")
	c.writeRows(&b)
	c.writeRest(&b)
	b.WriteString(kept)
	b.Write(byHand)
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		return err
	}
	fmt.Println(file)
	writeVerdicts(os.Stdout, verdicts)
	return os.WriteFile(filepath.Join(c.out, "results.svg"), []byte(c.chart()), 0o644)
}

func (c *comparison) writeHead(b *strings.Builder) {
	fmt.Fprintf(b, "# Results\n\nWritten by `make bench-edge` on %s, of %s.\n\n", time.Now().UTC().Format("2006-01-02 15:04 MST"), said("git", "describe", "--always", "--dirty"))
	fmt.Fprintf(b, "Machine: %s, %d cores, Linux %s, %s; %s.\n", processor(), runtime.NumCPU(), said("uname", "-r"), runtime.Version(),
		strings.Join(slices.DeleteFunc([]string{
			said("redis-server", "--version"), said("haproxy", "-v"), said("nginx", "-v"), "Node " + said("node", "--version"),
		}, func(s string) bool { return s == "" || s == "Node " }), "; "))
	fmt.Fprintf(b, "\nEach server has core %s to itself, the load is on core %s; %s. Every row is measured once a round, those of one kind in %d turns (A B A B), and ratios are taken within\n"+
		"a round: the middle one counts, the lowest and the highest stand beside it. CPU time is the server's, as the kernel accounts it.\n\n",
		serverCore, loadCore, strings.Join(c.facts, "; "), turns)
}

func writeVerdicts(w io.Writer, all []verdict) {
	fmt.Fprintf(w, "| ratio | measured | rounds | goal | holds |\n|---|---|---|---|---|\n")
	for _, v := range all {
		fmt.Fprintf(w, "| %s | %.2f | %.2f to %.2f | %s | %s |\n", v.text, v.median, v.low, v.high, v.wanted(), v.holds())
	}
	fmt.Fprintln(w)
}

// writeRows lists what was measured, medians over the rounds.
func (c *comparison) writeRows(b *strings.Builder) {
	fmt.Fprintf(b, "| what | per second | CPU of the server, µs | core used, %% | p50, ms | p99, ms | |\n|---|---|---|---|---|---|---|\n")
	for _, r := range c.rows {
		s := r.median()
		fmt.Fprintf(b, "| %s | %.0f | %s | %.0f | %s | %s | %s |\n", r.name, s.PerSecond, figure(s.CPU), s.Busy, figure(s.P50), figure(s.P99), r.about)
	}
	fmt.Fprintf(b, "\nA server that had much less than its whole core was held up by something else: by what shares the machine, or by what it asks.\n\n")
}

// figure is empty where nothing was measured.
func figure(f float64) string {
	if f == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", f)
}

// median takes each figure's own median.
func (r *row) median() sample {
	of := func(figure func(sample) float64) float64 {
		var all []float64
		for _, s := range r.samples {
			all = append(all, figure(s))
		}
		slices.Sort(all)
		return median(all)
	}
	return sample{
		PerSecond: of(func(s sample) float64 { return s.PerSecond }), CPU: of(func(s sample) float64 { return s.CPU }),
		P50: of(func(s sample) float64 { return s.P50 }), P99: of(func(s sample) float64 { return s.P99 }),
		Busy: of(func(s sample) float64 { return s.Busy }), Junk: of(func(s sample) float64 { return s.Junk }),
		Recalled: of(func(s sample) float64 { return s.Recalled }), Asked: of(func(s sample) float64 { return s.Asked }),
		Signed: of(func(s sample) float64 { return s.Signed }), Offered: of(func(s sample) float64 { return s.Offered }),
	}
}

func (c *comparison) writeRest(b *strings.Builder) {
	if len(c.missing) > 0 {
		fmt.Fprintf(b, "Not measured here:\n\n- %s\n\n", strings.Join(c.missing, "\n- "))
	}
	if len(c.footprint) > 0 {
		fmt.Fprintf(b, "## Footprint\n\n")
		writeLimits(b, c.footprint)
	}
	c.writePressure(b)
	c.writeGrowth(b)
	if c.whereItGoes != "" {
		fmt.Fprintf(b, "Where the time of a `/validate` hit goes (CPU profile of the server under that load):\n\n```\n%s```\n\n", c.whereItGoes)
	}
}

// profile takes a CPU profile of a Tollgate during the next load, if profiles are wanted.
func (c *comparison) profile(s *server, lasts time.Duration) <-chan error {
	taken := make(chan error, 1)
	if c.profiles == "" || c.now == "" || s.ops == "" {
		taken <- nil
		return taken
	}
	file := filepath.Join(c.profiles, strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' || r == ',' {
			return '-'
		}
		return r
	}, c.now)+".prof")
	go func() { taken <- fetch(profileOf(s, lasts), file) }()
	return taken
}

func profileOf(s *server, lasts time.Duration) string {
	return fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%.0f", s.ops, max(1, lasts.Seconds()))
}

// profiled has the report show where a load's time goes.
func (c *comparison) profiled(n *node, ask []byte) {
	c.takeProfile = func() error {
		const lasts = 4 * time.Second
		got := make(chan error, 1)
		file := filepath.Join(c.dir, "validate.prof")
		go func() {
			got <- fetch(profileOf(n.server, lasts-time.Second), file)
		}()
		if _, err := c.generate(n.server, &job{Requests: [][]byte{ask}, Warm: time.Second, Measure: lasts}); err != nil {
			return err
		}
		if err := <-got; err != nil {
			return err
		}
		top, err := exec.Command("go", "tool", "pprof", "-top", "-nodecount=40", file).Output()
		c.whereItGoes = string(top)
		return err
	}
}

func fetch(address, file string) error {
	resp, err := http.Get(address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", address, resp.StatusCode)
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, resp.Body)
	return err
}

// said is the first line that a program says of itself, "" if it is not here.
func said(program string, args ...string) string {
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo") // a machine without it is one whose name we do not know
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
