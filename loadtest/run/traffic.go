//go:build linux

package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// traffic is what a test sent: the milliseconds that each answer took, by the second and by the kind of
// request. What prepares a test is not in it.
type traffic struct {
	seconds [][]float64
	kinds   map[kind][]float64
	sorted  []float64 // of all
}

// kind is an endpoint as one part of a test asks it.
type kind struct{ scenario, name string }

func (t *traffic) count() int { return len(t.sorted) }

func (t *traffic) percentile(p float64) float64 { return percentile(t.sorted, p) }

// readTraffic reads k6's samples, CSV with a head line. It returns what there was up to an error.
func readTraffic(in io.Reader) (*traffic, error) {
	t := &traffic{kinds: map[kind][]float64{}}
	r := csv.NewReader(in)
	r.ReuseRecord = true
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return t, nil // k6 ended before it began
	}
	if err != nil {
		return t, err
	}
	column := map[string]int{}
	for i, name := range head {
		column[name] = i
	}
	for _, name := range []string{"metric_name", "timestamp", "metric_value", "scenario", "name"} {
		if _, ok := column[name]; !ok {
			return t, fmt.Errorf("k6's samples have no %s", name)
		}
	}
	first := int64(-1)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			t.sort()
			return t, nil
		}
		if err != nil {
			return t, err
		}
		of := kind{record[column["scenario"]], record[column["name"]]}
		if record[column["metric_name"]] != "http_req_duration" || of.scenario == "" {
			continue
		}
		at, err := strconv.ParseInt(record[column["timestamp"]], 10, 64)
		if err != nil {
			return t, err
		}
		took, err := strconv.ParseFloat(record[column["metric_value"]], 64)
		if err != nil {
			return t, err
		}
		if first < 0 {
			first = at
		}
		t.add(of, int(max(at-first, 0)/1000), took)
	}
}

func (t *traffic) add(of kind, second int, took float64) {
	for len(t.seconds) <= second {
		t.seconds = append(t.seconds, nil)
	}
	t.seconds[second] = append(t.seconds[second], took)
	t.kinds[of] = append(t.kinds[of], took)
}

func (t *traffic) sort() {
	for _, took := range t.kinds {
		slices.Sort(took)
		t.sorted = append(t.sorted, took...)
	}
	slices.Sort(t.sorted)
}

// percentile of what is sorted, 0 of nothing.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(int(math.Ceil(p/100*float64(len(sorted))))-1, 0)]
}
