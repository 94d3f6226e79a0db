//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"
)

// together begins a group of rows, until the next call. What they are compared by is near 1 while the
// machine drifts by a tenth within seconds: they take short turns, A B A B, so that it drifts for all.
func (c *comparison) together() { c.group = c.lastGroup() + 1 }

// apart ends a group: what follows is measured by itself.
func (c *comparison) apart() { c.group = 0 }

func (c *comparison) lastGroup() int {
	last := 0
	for _, r := range c.rows {
		last = max(last, r.group)
	}
	return last
}

// groups are the rows as they are measured.
func (c *comparison) groups() (all [][]*row) {
	for _, r := range c.rows {
		if n := len(all); n > 0 && r.group != 0 && all[n-1][0].group == r.group {
			all[n-1] = append(all[n-1], r)
		} else {
			all = append(all, []*row{r})
		}
	}
	return all
}

// take measures rows once: a single one at a stretch, several in turns.
func (c *comparison) take(rows []*row) error {
	times := 1
	if rows[0].group != 0 && c.profiles == "" { // a profile wants a second at least
		times = turns
	}
	c.span = c.measure / time.Duration(times)
	pieces := make([][]sample, len(rows))
	for range times {
		for i, r := range rows {
			c.now = r.name
			s, err := r.measure()
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			pieces[i] = append(pieces[i], s)
		}
	}
	for i, r := range rows {
		r.samples = append(r.samples, joined(pieces[i]))
	}
	return nil
}

// joined is one measurement out of pieces that took equally long.
func joined(pieces []sample) sample {
	if len(pieces) == 1 {
		return pieces[0]
	}
	var s sample
	var p50, p99 []float64
	n := float64(len(pieces))
	for _, p := range pieces {
		s.PerSecond += p.PerSecond / n
		s.CPU += p.CPU * p.PerSecond
		s.Busy += p.Busy / n
		p50, p99 = append(p50, p.P50), append(p99, p.P99)
	}
	s.CPU /= s.PerSecond * n
	slices.Sort(p50)
	slices.Sort(p99)
	s.P50, s.P99 = median(p50), median(p99)
	return s
}
