//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// summary is what a script's handleSummary wrote.
type summary struct {
	Root    group `json:"root_group"`
	Metrics map[string]struct {
		Values     map[string]float64           `json:"values"`
		Thresholds map[string]struct{ OK bool } `json:"thresholds"`
	} `json:"metrics"`
}

// group holds checks. Those of setup and teardown stand in groups of their own.
type group struct {
	Groups []group `json:"groups"`
	Checks []struct {
		Name   string `json:"name"`
		Passes int    `json:"passes"`
		Fails  int    `json:"fails"`
	} `json:"checks"`
}

// failures are the checks that failed, and how often.
func (g group) failures() []string {
	var all []string
	for _, c := range g.Checks {
		if c.Fails > 0 {
			all = append(all, fmt.Sprintf("not so in %d of %d: %s", c.Fails, c.Fails+c.Passes, c.Name))
		}
	}
	for _, inner := range g.Groups {
		all = append(all, inner.failures()...)
	}
	return all
}

func readSummary(file string) (*summary, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var s summary
	return &s, json.Unmarshal(text, &s)
}

// writeSummary writes summary.md with a plot for each test.
func writeSummary(s settings, began time.Time, tests []*test) error {
	var b strings.Builder
	outcome := "Every answer was right, and came in time."
	if err := conclude(tests); err != nil {
		outcome = strings.ToUpper(err.Error()[:1]) + err.Error()[1:] + "."
	}
	fmt.Fprintf(&b, "# Load test: %s\n\n%s\n", outcome, preamble(s, began))
	b.WriteString("| test | result | requests | per second | median, ms | p95 | p99 | max | machine busy |\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, t := range tests {
		all := t.traffic
		fmt.Fprintf(&b, "| [%s](#%[1]s) | %s | %d | %.0f | %s | %s | %s | %s | %.0f %% |\n", t.name, t.verdict(), all.count(),
			float64(all.count())/float64(max(len(all.seconds), 1)), figure(all.percentile(50)), figure(all.percentile(95)),
			figure(all.percentile(99)), figure(all.percentile(100)), 100*(1-t.usage.idle))
	}
	for _, t := range tests {
		if err := t.describe(&b, s.out); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(s.out, "summary.md"), []byte(b.String()), 0o644)
}

func preamble(s settings, began time.Time) string {
	command := "make load"
	if s.profile != "short" {
		command += " PROFILE=" + s.profile
	}
	if len(s.scripts) < len(scripts) {
		command += fmt.Sprintf(" ARGS='%s'", strings.Join(s.scripts, " "))
	}
	return fmt.Sprintf(`%s, `+"`%s`"+`, %s profile, took %s. Two nodes on one Redis, and k6 that asks them, all on this machine:
%s, %d cores, %s.
%s; %s; %s.

**WRONG** is an answer that must not be, or none; **SLOW** is right answers that come too late, or a machine that cannot send as much as
it should. Either fails the run. A busy machine makes answers slow, never wrong.
`, began.UTC().Format("2006-01-02 15:04 MST"), command, s.profile, time.Since(began).Round(time.Second),
		processor(), runtime.NumCPU(), said(2, "uname", "-sr"), said(2, s.tollgate, "version"), said(3, "redis-server", "--version"), "k6 "+strings.TrimPrefix(said(2, s.k6, "version"), filepath.Base(s.k6)+" "))
}

// describe writes what the test does, how it went, and what was asked of it.
func (t *test) describe(b *strings.Builder, dir string) error {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n**%s**\n\n", t.name, purpose(t.name), strings.ReplaceAll(t.line(), "|", "\\|"))
	if t.traffic.count() > 0 {
		fmt.Fprintf(b, "![Requests per second and latency](%s.svg)\n\nOf the machine: %s.\n\n", t.name, t.usage)
		if err := os.WriteFile(filepath.Join(dir, t.name+".svg"), []byte(t.traffic.plot()), 0o644); err != nil {
			return err
		}
		b.WriteString("| who | asks | requests | median, ms | p95 | p99 | max |\n|---|---|--:|--:|--:|--:|--:|\n")
		for _, of := range slices.SortedFunc(maps.Keys(t.traffic.kinds), func(x, y kind) int {
			return cmp.Or(cmp.Compare(x.scenario, y.scenario), cmp.Compare(x.name, y.name))
		}) {
			took := t.traffic.kinds[of]
			fmt.Fprintf(b, "| %s | %s | %d | %s | %s | %s | %s |\n", of.scenario, of.name, len(took),
				figure(percentile(took, 50)), figure(percentile(took, 95)), figure(percentile(took, 99)), figure(percentile(took, 100)))
		}
	}
	if t.summary == nil {
		return nil
	}
	b.WriteString("\n| must hold | or it is | holds | measured |\n|---|---|---|--:|\n")
	for _, h := range t.summary.thresholds() {
		kind, holds := "slow", "**no**"
		if h.aboutAnswers {
			kind = "wrong"
		}
		if h.holds {
			holds = "yes"
		}
		fmt.Fprintf(b, "| %s: %s | %s | %s | %.4g |\n", h.metric, strings.ReplaceAll(h.threshold, "|", "\\|"), kind, holds, h.measured)
	}
	return nil
}

// purpose is the comment that a script begins with.
func purpose(name string) string {
	text, _ := os.ReadFile(filepath.Join("loadtest", name+".js")) // k6 has said so if it cannot be read
	var words []string
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "// ")
		if !ok {
			break
		}
		words = append(words, comment)
	}
	return strings.Join(words, " ")
}

// said is the first words that a program says of itself.
func said(words int, program string, args ...string) string {
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		return program + ", of which nothing is known"
	}
	all := strings.Fields(string(out))
	return strings.Join(all[:min(words, len(all))], " ")
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
