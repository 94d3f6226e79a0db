//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// summary is what a script's handleSummary wrote.
type summary struct {
	Metrics map[string]struct {
		Values     map[string]float64           `json:"values"`
		Thresholds map[string]struct{ OK bool } `json:"thresholds"`
	} `json:"metrics"`
}

func readSummary(file string) (*summary, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var s summary
	return &s, json.Unmarshal(text, &s)
}

// sumUp writes summary.md with a plot per test, and says whether all thresholds held.
func sumUp(s settings, tests []*test) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Load test, %s profile, %s\n\nTwo nodes on one Redis, and k6, all on this machine.\n\n", s.profile, time.Now().UTC().Format("2006-01-02 15:04 MST"))
	b.WriteString("| test | result | requests | per second | median, ms | p95 | p99 | max | checks failed |\n|---|---|---|---|---|---|---|---|---|\n")
	failed := false
	for _, t := range tests {
		t.row(&b)
		failed = failed || !t.passed
	}
	for _, t := range tests {
		fmt.Fprintf(&b, "\n## %s\n\n![Requests per second and latency](%[1]s.svg)\n\n| threshold | holds | measured |\n|---|---|---|\n", t.name)
		t.thresholds(&b)
		if err := os.WriteFile(filepath.Join(s.out, t.name+".svg"), []byte(t.series.plot()), 0o644); err != nil {
			return err
		}
	}
	file := filepath.Join(s.out, "summary.md")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		return err
	}
	fmt.Println(file)
	if failed {
		return errFailed
	}
	return nil
}

func (t *test) row(b *strings.Builder) {
	took, requests := t.summary.Metrics["http_req_duration"].Values, t.summary.Metrics["http_reqs"].Values
	result := "passed"
	if !t.passed {
		result = "**failed**"
	}
	fmt.Fprintf(b, "| [%s](#%[1]s) | %s | %.0f | %.0f | %.2f | %.2f | %.2f | %.2f | %.0f |\n", t.name, result, requests["count"], requests["rate"],
		took["med"], took["p(95)"], took["p(99)"], took["max"], t.summary.Metrics["checks"].Values["fails"])
}

// thresholds lists what had to hold, with the figures that it was held against.
func (t *test) thresholds(b *strings.Builder) {
	for _, name := range slices.Sorted(maps.Keys(t.summary.Metrics)) {
		metric := t.summary.Metrics[name]
		for _, threshold := range slices.Sorted(maps.Keys(metric.Thresholds)) {
			holds := "yes"
			if !metric.Thresholds[threshold].OK {
				holds = "**no**"
			}
			figure, _, _ := strings.Cut(strings.NewReplacer("<", " ", ">", " ", "=", " ").Replace(threshold), " ")
			fmt.Fprintf(b, "| %s: %s | %s | %.4g |\n", name, strings.ReplaceAll(threshold, "|", "\\|"), holds, metric.Values[figure])
		}
	}
}
