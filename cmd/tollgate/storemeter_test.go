package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestStoreMeter_LogsWhatSucceededLate(t *testing.T) {
	logged, logs := observer.New(zap.DebugLevel)
	m := newStoreMeter(metrics.NewSet(), zap.New(logged), 20*time.Millisecond)
	for _, story := range []struct {
		op   string
		took time.Duration
		err  error
		want int
	}{
		{"get_client", 19 * time.Millisecond, nil, 0},
		{"get_client", 20 * time.Millisecond, nil, 1},
		{"get_client", time.Second, errors.New("connection refused"), 0},
		{"ping", time.Second, nil, 0},
		{"checks", time.Second, nil, 0},
	} {
		m.observe(story.op, story.took, story.err)
		if got := len(logs.TakeAll()); got != story.want {
			t.Errorf("%s after %v with %v: %d lines, want %d", story.op, story.took, story.err, got, story.want)
		}
	}
	if n := m.ops["get_client"].errors.Get(); n != 1 {
		t.Errorf("%d errors counted", n)
	}
}

// Operations are named in redistore, and some in redisx; each name has its series from the start.
func TestStoreMeter_KnowsEveryOperation(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "flows", "store", "redistore", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`"([a-z]+_[a-z_]+)"|op = "([a-z]+)"`)
	seen := []string{"ping", "checks", "settle_limits", "other"}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, found := range name.FindAllStringSubmatch(string(text), -1) {
			seen = append(seen, found[1]+found[2])
		}
	}
	slices.Sort(seen)
	seen = slices.Compact(seen)
	known := slices.Sorted(slices.Values(storeOps))
	if !slices.Equal(seen, known) {
		t.Errorf("redistore has %v\nthe meter %v", seen, known)
	}
}
