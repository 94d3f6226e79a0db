//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const k6CSV = `metric_name,timestamp,metric_value,check
http_reqs,1000,1,
http_req_duration,1000,2.5,
http_req_duration,1000,7.5,
http_req_duration,1002,4,
`

func TestSeries_IsByTheSecond(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(file, []byte(k6CSV), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := readSeries(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.took) != 3 || len(s.took[0]) != 2 || len(s.took[1]) != 0 || len(s.took[2]) != 1 {
		t.Errorf("read %v", s.took)
	}
	if percentile(s.took[0], 50) != 2.5 || percentile(s.took[0], 99) != 7.5 || percentile(nil, 99) != 0 {
		t.Error("a percentile is wrong")
	}
	if plot := s.plot(); strings.Count(plot, "<polyline") != 3 || !strings.Contains(plot, "3 s") {
		t.Errorf("plotted %s", plot)
	}
}

func TestSumUp_FailsWithTheTests(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.json")
	text := `{"metrics":{"http_req_duration":{"values":{"med":1.5,"p(95)":2.5,"p(99)":3.5,"max":9},"thresholds":{"p(99)<3":{"ok":false}}},
		"http_reqs":{"values":{"count":100,"rate":10}},"checks":{"values":{"rate":1,"fails":0},"thresholds":{"rate==1":{"ok":true}}}}}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := readSummary(file)
	if err != nil {
		t.Fatal(err)
	}
	tests := []*test{{name: "validate", passed: false, summary: s, series: &series{}}}
	if err := sumUp(settings{out: dir, profile: "short"}, tests); err != errFailed {
		t.Errorf("ended with %v", err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "summary.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| **failed** | 100 | 10 | 1.50 | 2.50 | 3.50 | 9.00 | 0 |", "| http_req_duration: p(99)<3 | **no** | 3.5 |", "| checks: rate==1 | yes | 1 |"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%q is not in the summary:\n%s", want, got)
		}
	}
}
