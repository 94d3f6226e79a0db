package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tollgate/redisx/redistest"
)

var (
	typeLine    = regexp.MustCompile(`(?m)^# TYPE (tollgate_\S+) (\S+)$`)
	ownSeries   = regexp.MustCompile(`(?m)^(tollgate_[a-z_]+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? \S+$`)
	labelName   = regexp.MustCompile(`(\w+)="`)
	metricsLine = regexp.MustCompile("(?m)^\\| `(tollgate_\\w+)` \\| (\\w+) \\| (.*?) ?\\| .+ \\|$")
)

func TestMetrics_TheTableNamesAllOfThem(t *testing.T) {
	a := startAudited(t, redistest.Start(t).Addr)
	page := bodyOf(t, a.ops+"/metrics")
	got := map[string]string{} // metric -> its type and labels
	for _, m := range typeLine.FindAllStringSubmatch(page, -1) {
		got[m[1]] = m[2]
	}
	labels := map[string]string{}
	for _, m := range ownSeries.FindAllStringSubmatch(page, -1) {
		names := []string{}
		for _, l := range labelName.FindAllStringSubmatch(m[2], -1) {
			if l[1] != "le" {
				names = append(names, "`"+l[1]+"`")
			}
		}
		labels[m[1]] = strings.Join(names, ", ")
	}
	for name := range got {
		got[name] += " " + labels[name]
	}
	text, err := os.ReadFile("../../deploy/METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, m := range metricsLine.FindAllStringSubmatch(string(text), -1) {
		want[m[1]] = m[2] + " " + m[3]
	}
	if len(want) == 0 {
		t.Fatal("the table is not found")
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if want[name] != got[name] {
			t.Errorf("%s is %q, the table says %q", name, got[name], want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, there := got[name]; !there {
			t.Errorf("%s is in the table alone", name)
		}
	}
}
