package load

import (
	"math/bits"
	"time"
)

// Histogram counts durations by size, each to within 1/128 of its length, up to about 18 minutes.
// The zero value is empty. It takes one goroutine at a time.
type Histogram struct {
	counts [(maxBits - subBits + 1) << subBits]uint64
	total  uint64
	sum    time.Duration
	max    time.Duration
}

const (
	subBits = 7  // of a duration's leading bits, that many are kept
	maxBits = 40 // longer durations count as this many bits of nanoseconds
)

// Add counts one duration.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.counts[slot(uint64(d))]++
	h.total++
	h.sum += d
	h.max = max(h.max, d)
}

// Merge adds what another histogram has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range &other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.sum += other.sum
	h.max = max(h.max, other.max)
}

// Count is how many durations there are.
func (h *Histogram) Count() uint64 { return h.total }

// Max is the longest one, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Mean is 0 of nothing.
func (h *Histogram) Mean() time.Duration {
	if h.total == 0 {
		return 0
	}
	return h.sum / time.Duration(h.total)
}

// Percentile returns what p percent of the durations do not exceed, 0 of nothing.
func (h *Histogram) Percentile(p float64) time.Duration {
	rank := uint64(p/100*float64(h.total) + 0.5)
	rank = min(max(rank, 1), h.total)
	seen := uint64(0)
	for i, n := range &h.counts {
		if seen += n; seen >= rank && seen > 0 {
			return min(upper(i), h.max)
		}
	}
	return 0
}

// slot is where a value is counted: below 2^subBits each has its own; above, values that agree in
// length and leading bits share one.
func slot(v uint64) int {
	v = min(v, 1<<maxBits-1)
	extra := max(bits.Len64(v)-subBits-1, 0)
	return extra<<subBits + int(v>>extra)
}

// upper is the largest value of a slot.
func upper(i int) time.Duration {
	extra := max(i>>subBits-1, 0)
	return time.Duration((uint64(i-extra<<subBits)+1)<<extra - 1)
}
