//go:build linux

package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// pace is when requests are due that come at a rate, whether they are answered or not.
type pace struct {
	every time.Duration
	due   time.Time
	late  bool // no connection was free when it was due
}

// begin has everybody send, or sets the pace.
func (g *generator) begin() error {
	if g.job.PerSecond > 0 {
		g.pace = pace{every: time.Duration(float64(time.Second) / g.job.PerSecond), due: time.Now()}
		return nil
	}
	for _, c := range g.conns {
		if err := g.send(c); err != nil {
			return err
		}
	}
	return nil
}

// proceed has a connection send again that has its answer, unless there is a pace.
func (g *generator) proceed(c *conn) error {
	if g.job.PerSecond > 0 {
		c.busy = false
		return nil
	}
	return g.send(c)
}

// keepPace sends what is due. What found no connection free has waited since it was due.
func (g *generator) keepPace() error {
	if g.job.PerSecond == 0 {
		return nil
	}
	for !g.pace.due.After(time.Now()) {
		c := g.idle()
		if c == nil {
			g.pace.late = true
			return nil
		}
		if err := g.send(c); err != nil {
			return err
		}
		if g.pace.late {
			c.sentAt = g.pace.due
		}
		g.pace.due = g.pace.due.Add(g.pace.every)
	}
	g.pace.late = false
	return nil
}

func (g *generator) idle() *conn {
	for _, c := range g.conns {
		if !c.busy {
			return c
		}
	}
	return nil
}

// patience is for how many milliseconds to wait for answers. With a pace there is time to sleep in,
// and who keeps it is not asked to give way.
func (j *job) patience() int {
	if j.Sleep || j.PerSecond > 0 {
		return 1
	}
	return 0
}

// yieldCore lets everybody else go first who is needed on the core, such as Redis.
func yieldCore() error {
	return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0)
}
