//go:build linux

package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// heap is what is alive in the node, in bytes.
func (g *grower) heap() (float64, error) {
	if err := g.collect(); err != nil {
		return 0, err
	}
	gauges, err := g.gauges()
	return gauges["go_memstats_heap_alloc_bytes"], err
}

// collect makes the node's garbage collector run.
func (g *grower) collect() error {
	_, err := g.ops("/debug/pprof/heap?gc=1")
	return err
}

func (g *grower) ops(path string) (string, error) {
	resp, err := http.Get("http://" + g.Ops + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %d", path, resp.StatusCode)
	}
	return string(text), err
}

// gauges reads the node's metrics, by their whole name.
func (g *grower) gauges() (map[string]float64, error) {
	text, err := g.ops("/metrics")
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if f, err := strconv.ParseFloat(value, 64); err == nil {
			all[name] = f
		}
	}
	return all, nil
}

// pauses counts the collector's pauses under a load, with a collection every 200 ms, and returns the
// length that 99 of 100 stay below: the upper end of a bucket of the runtime's histogram.
func (g *grower) pauses(requests [][]byte, status string) (count int, p99 float64, err error) {
	before, err := g.gauges()
	if err != nil {
		return 0, 0, err
	}
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			case <-time.After(200 * time.Millisecond):
				if err := g.collect(); err != nil {
					stopped <- err
					return
				}
			}
		}
	}()
	_, err = g.drive(&job{Requests: requests, Status: status, Measure: 2 * time.Second})
	close(stop)
	if failed := <-stopped; err == nil {
		err = failed
	}
	if err != nil {
		return 0, 0, err
	}
	after, err := g.gauges()
	count, p99 = pauseP99(before, after)
	return count, p99, err
}

// pauseP99 reads two moments of the histogram go_gc_pauses_seconds.
func pauseP99(before, after map[string]float64) (count int, milliseconds float64) {
	const name = `go_gc_pauses_seconds_bucket{le="`
	total := after[name+`+Inf"}`] - before[name+`+Inf"}`]
	least := -1.0
	for series, n := range after {
		bound, ours := strings.CutPrefix(series, name)
		le, err := strconv.ParseFloat(strings.TrimSuffix(bound, `"}`), 64)
		if !ours || err != nil || n-before[series] < 0.99*total {
			continue
		}
		if least < 0 || le < least {
			least = le
		}
	}
	return int(total), max(least, 0) * 1e3
}

// writeGrowth writes the table and the laws that it shows.
func (c *comparison) writeGrowth(b *strings.Builder) {
	if len(c.growth) == 0 {
		return
	}
	fmt.Fprintf(b, "## Growth\n\nOne node, store in memory, EdDSA; `cache.bytes` 4 GiB. What a token or revocation costs in memory is what the heap has more of, after\n"+
		"a collection, once they are known. Pauses are those of two seconds of the same load with a collection forced every 200 ms.\n\n"+
		"| live | revoked | what | per second | CPU, µs | p99, ms | heap for each new one, bytes | resident, MB | pauses | their p99, ms |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, s := range c.growth {
		fmt.Fprintf(b, "| %d | %d | %s | %.0f | %.2f | %.2f | %.0f | %.0f | %d | ≤ %.2f |\n", s.Live, s.Revoked, s.About, s.PerSecond, s.CPU, s.P99,
			s.Bytes, s.Resident, s.Pauses, s.PauseP99)
	}
	few, many := c.growth[0], c.growth[len(growthSteps)-1]
	fmt.Fprintf(b, "\nMemory is linear in the tokens, with the tables' places on top where there are few.\n\n")
	writeLimits(b, []limit{
		{fmt.Sprintf("CPU of a hit among %d tokens / among %d", many.Live, few.Live), many.CPU / few.CPU, "times", 1.5, 2},
		{fmt.Sprintf("memory of a live token at %d", many.Live), many.Bytes, "bytes", 2048, 0},
		{fmt.Sprintf("pauses of the collector at %d tokens, p99 at most", many.Live), many.PauseP99, "ms", 1, 2},
	})
}
