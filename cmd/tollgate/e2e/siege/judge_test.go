//go:build siege

package siege

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

const (
	maxAccuracy = 0.55
	maxRatio    = 1.05
	examGoal    = "accuracy ≤ 55 %, medians' ratio ≤ 1.05"
)

// judgement is how well two kinds of answers are told apart by their times.
type judgement struct {
	accuracy     float64 // of a threshold, on samples that it was not chosen by
	ratio        float64 // of the medians, the greater by the smaller
	first, other time.Duration
	samples      int
}

func (j judgement) equal() bool { return j.accuracy <= maxAccuracy && j.ratio <= maxRatio }

func (j judgement) String() string {
	return fmt.Sprintf("%d samples each: accuracy %.1f %%, medians %s and %s (ratio %.3f)", j.samples, 100*j.accuracy, short(j.first), short(j.other), j.ratio)
}

// judge looks for the threshold that tells every other sample of the two best, and tries it on the rest.
func judge(first, other []time.Duration) judgement {
	threshold, above := train(half(first, 0), half(other, 0))
	j := judgement{samples: len(first), first: median(first), other: median(other)}
	j.ratio = float64(max(j.first, j.other)) / float64(min(j.first, j.other))
	right := 0
	for _, d := range half(first, 1) {
		if (d > threshold) == above {
			right++
		}
	}
	for _, d := range half(other, 1) {
		if (d > threshold) != above {
			right++
		}
	}
	j.accuracy = float64(right) / float64(len(half(first, 1))+len(half(other, 1)))
	return j
}

// train returns the threshold, and whether what takes longer is of the first kind.
func train(first, other []time.Duration) (threshold time.Duration, above bool) {
	type sample struct {
		took  time.Duration
		first bool
	}
	all := make([]sample, 0, len(first)+len(other))
	for _, d := range first {
		all = append(all, sample{d, true})
	}
	for _, d := range other {
		all = append(all, sample{d, false})
	}
	slices.SortFunc(all, func(a, b sample) int { return int(a.took - b.took) })
	// below is how many more of the first kind than of the other lie at or below the threshold: the
	// further from what there are in all, the better it tells them apart.
	below, best := 0, 0
	for i, s := range all {
		if s.first {
			below++
		} else {
			below--
		}
		if i+1 < len(all) && all[i+1].took == s.took {
			continue
		}
		if abs(below) > best {
			best, threshold, above = abs(below), s.took, below < 0
		}
	}
	return threshold, above
}

func abs(n int) int { return max(n, -n) }

// half is every other one.
func half(all []time.Duration, from int) []time.Duration {
	var some []time.Duration
	for i := from; i < len(all); i += 2 {
		some = append(some, all[i])
	}
	return some
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func TestJudge_TellsApartWhatDiffersAndNothingElse(t *testing.T) {
	noise := func(seed int) time.Duration { return time.Duration(seed*7919%1000) * time.Microsecond }
	times := func(offset time.Duration) (all []time.Duration) {
		for i := range 20_000 {
			all = append(all, time.Millisecond+noise(i)+offset)
		}
		return all
	}
	if j := judge(times(0), times(0)); !j.equal() {
		t.Error("two of a kind: ", j)
	}
	for _, offset := range []time.Duration{200 * time.Microsecond, -200 * time.Microsecond} {
		if j := judge(times(offset), times(0)); j.equal() || j.accuracy < 0.58 || j.accuracy > 0.62 {
			t.Errorf("one later by a fifth of its noise: %s, want about 60 %%", j)
		}
	}
}
