package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// growth is by how many percent the heap may grow now.
func growth() int {
	percent := debug.SetGCPercent(defaultGrowth)
	debug.SetGCPercent(percent)
	return percent
}

func TestCollector_SmallHeapsGrowAndLargeOnesDoNot(t *testing.T) {
	t.Setenv("GOGC", "")
	before := growth()
	t.Cleanup(func() { debug.SetGCPercent(before) })
	runtime.GC() // what the last collection left in use may be large, and gone since
	collectSmallHeapsLess()
	if got := growth(); got <= defaultGrowth {
		t.Fatalf("a small heap may grow by %d %%", got)
	}
	large := make([]byte, 2*leastGrowth)
	for deadline := time.Now().Add(5 * time.Second); growth() != defaultGrowth; time.Sleep(time.Millisecond) {
		if runtime.GC(); time.Now().After(deadline) {
			t.Fatalf("a heap of %d MB may grow by %d %%", len(large)>>20, growth())
		}
	}
	runtime.KeepAlive(large)
}

func TestCollector_GOGCHasItsWay(t *testing.T) {
	t.Setenv("GOGC", "50")
	before := growth()
	collectSmallHeapsLess()
	if got := growth(); got != before {
		t.Errorf("changed from %d %% to %d", before, got)
	}
}

func TestGrowthFor_IsNeverLessThanGosOwn(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 1600, 1 << 20: 1600, 4 << 20: 1600, 10 << 20: 600, 32 << 20: 200, 63 << 20: 100, 64 << 20: 100, 8 << 30: 100,
	} {
		if got := growthFor(live); got != want {
			t.Errorf("%d bytes in use: %d %%, want %d", live, got, want)
		}
	}
}
