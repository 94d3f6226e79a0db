package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	defaultGrowth = 100      // percent: Go's own
	leastGrowth   = 64 << 20 // bytes
	leastHeap     = 4 << 20  // bytes; Go takes a smaller heap for one of that size
)

// collectSmallHeapsLess lets a heap grow by leastGrowth before it is collected again, where Go would let it
// grow by its own size. Ours is a dozen megabytes most of the time: a crowd of connections has it collected
// over and over while it comes, and the collector takes a quarter of the cores each time. GOGC, where it is
// set, has its way.
func collectSmallHeapsLess() {
	if os.Getenv("GOGC") != "" {
		return
	}
	c := &collection{growth: defaultGrowth}
	c.ended()
}

// collection becomes garbage in each collection, and learns of its end that way.
type collection struct {
	growth int // percent
	live   [1]metrics.Sample
}

func (c *collection) ended() {
	c.live[0].Name = "/gc/heap/live:bytes"
	metrics.Read(c.live[:])
	if want := growthFor(c.live[0].Value.Uint64()); want != c.growth {
		debug.SetGCPercent(want)
		c.growth = want
	}
	runtime.SetFinalizer(c, (*collection).ended)
}

// growthFor is by how many percent a heap may grow of which so many bytes are in use. It is rounded, for a
// change stops the world for a moment.
func growthFor(live uint64) int {
	const step = 50
	percent := leastGrowth * 100 / max(live, leastHeap) / step * step
	return int(max(defaultGrowth, percent))
}
