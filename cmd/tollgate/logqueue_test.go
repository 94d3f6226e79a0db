package main

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// held is an output that blocks while locked.
type held struct {
	sync.Mutex
	got bytes.Buffer
}

func (h *held) Write(p []byte) (int, error) {
	h.Lock()
	defer h.Unlock()
	return h.got.Write(p)
}

func TestLogQueue_AnOutputThatHangsCostsLinesAndNoTime(t *testing.T) {
	out := &held{}
	q := newLogQueue(out)
	set := metrics.NewSet()
	q.count(set)
	line := []byte(strings.Repeat("x", 1023) + "\n")
	out.Lock()
	const lines = 3 * maxPendingLog / 1024
	start := time.Now()
	for range lines {
		q.Write(line)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("writing took %s", took)
	}
	out.Unlock()
	q.Sync()
	out.Lock()
	written := bytes.Count(out.got.Bytes(), []byte("\n"))
	out.Unlock()
	if dropped := int(q.dropped.Load().Get()); dropped == 0 || written+dropped != lines {
		t.Errorf("%d lines written and %d dropped, want %d together", written, dropped, lines)
	}
	var exposed bytes.Buffer
	if set.WritePrometheus(&exposed); !strings.Contains(exposed.String(), "tollgate_log_dropped_lines_total") {
		t.Error("lost lines are not exposed")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestLogQueue_CountsWhatAFullDiskLoses(t *testing.T) {
	q := newLogQueue(full{})
	q.Write([]byte("a\n"))
	q.Write([]byte("b\n"))
	q.Sync()
	if dropped := q.dropped.Load().Get(); dropped != 2 {
		t.Errorf("%d lines are counted as lost, want 2", dropped)
	}
}
