package load

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogram_PercentilesAreWithinOnePercent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var all []time.Duration
	for range 100_000 {
		d := time.Duration(random.ExpFloat64() * float64(3*time.Millisecond))
		h.Add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, p := range []float64{0.1, 50, 90, 99, 99.9} {
		want := all[int(p/100*float64(len(all)))-1]
		if got := h.Percentile(p); got < want || float64(got) > 1.01*float64(want) {
			t.Errorf("p%g is %v, exactly %v", p, got, want)
		}
	}
	if h.Percentile(100) != all[len(all)-1] || h.Max() != all[len(all)-1] || h.Count() != 100_000 {
		t.Errorf("p100 %v, max %v, count %d", h.Percentile(100), h.Max(), h.Count())
	}
}

// A slot holds the values up to its upper bound, and no other slot holds one of them.
func TestHistogram_SlotsFollowOneAnother(t *testing.T) {
	last := len(Histogram{}.counts) - 1
	for i := range last {
		if top := uint64(upper(i)); slot(top) != i || slot(top+1) != i+1 {
			t.Fatalf("slot %d ends at %d, which is in %d; the next is in %d", i, top, slot(top), slot(top+1))
		}
	}
	if slot(1<<63) != last {
		t.Errorf("the longest of all is in slot %d of %d", slot(1<<63), last)
	}
}

func TestHistogram_MergeIsAsIfOneHadCountedAll(t *testing.T) {
	var a, b, both Histogram
	for i := range 1000 {
		d := time.Duration(i*i) * time.Microsecond
		both.Add(d)
		if i%3 == 0 {
			a.Add(d)
		} else {
			b.Add(d)
		}
	}
	a.Merge(&b)
	if a != both {
		t.Error("the merged histogram differs")
	}
}

func TestHistogram_OfNothing(t *testing.T) {
	var h Histogram
	if h.Percentile(99) != 0 || h.Mean() != 0 || h.Max() != 0 {
		t.Error("nothing took some time")
	}
}
