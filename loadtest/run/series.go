//go:build linux

package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// series is what happened in each second of a test.
type series struct{ took [][]float64 } // milliseconds of every request, by the second it ended in

// readSeries reads k6's CSV: metric_name, timestamp, metric_value, and tags.
func readSeries(file string) (*series, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r := csv.NewReader(in)
	r.ReuseRecord = true
	s, first := &series{}, int64(0)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if record[0] != "http_req_duration" {
			continue
		}
		at, err := strconv.ParseInt(record[1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		value, err := strconv.ParseFloat(record[2], 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if first == 0 {
			first = at
		}
		second := int(max(at-first, 0))
		for len(s.took) <= second {
			s.took = append(s.took, nil)
		}
		s.took[second] = append(s.took[second], value)
	}
}

// percentile of the requests of one second, 0 of none.
func percentile(took []float64, p float64) float64 {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[int(math.Ceil(p/100*float64(len(sorted))))-1]
}

const (
	plotWidth, plotHeight = 860, 180
	plotLeft, plotTop     = 60, 30
	plotGap               = 60
)

// plot draws requests per second, and below it median and p99, over time.
func (s *series) plot() string {
	var requests, median, p99 []float64
	for _, took := range s.took {
		requests = append(requests, float64(len(took)))
		median, p99 = append(median, percentile(took, 50)), append(p99, percentile(took, 99))
	}
	var b strings.Builder
	drawPanel(&b, plotTop, "requests per second", len(s.took), line{"#2563eb", requests})
	drawPanel(&b, plotTop+plotHeight+plotGap, "milliseconds: median (blue), p99 (red)", len(s.took), line{"#dc2626", p99}, line{"#2563eb", median})
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">
<style>text { font: 12px sans-serif; fill: #222 } polyline { fill: none; stroke-width: 1.5 } .grid { stroke: #ddd }</style>
<rect width="100%%" height="100%%" fill="#fff"/>
%s</svg>
`, plotLeft+plotWidth+40, 2*(plotTop+plotHeight+plotGap)-plotGap+plotTop, b.String())
}

type line struct {
	colour string
	values []float64
}

func drawPanel(b *strings.Builder, top int, title string, seconds int, lines ...line) {
	most := 1e-9
	for _, l := range lines {
		most = max(most, slices.Max(append(l.values, 0)))
	}
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\">%s</text>\n", plotLeft, top-10, title)
	for _, part := range []float64{0, 0.5, 1} {
		y := float64(top) + plotHeight*(1-part)
		fmt.Fprintf(b, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", plotLeft, plotLeft+plotWidth, y, y)
		fmt.Fprintf(b, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g</text>\n", plotLeft-6, y+4, part*most)
	}
	for _, l := range lines {
		fmt.Fprintf(b, "<polyline stroke=\"%s\" points=\"", l.colour)
		for i, v := range l.values {
			fmt.Fprintf(b, "%.1f,%.1f ", plotLeft+float64(i)*plotWidth/float64(max(seconds-1, 1)), float64(top)+plotHeight*(1-v/most))
		}
		b.WriteString("\"/>\n")
	}
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%d s</text>\n", plotLeft+plotWidth, top+plotHeight+16, seconds)
}
