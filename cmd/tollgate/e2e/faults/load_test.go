//go:build faults

package faults

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// call is one request of a load, by the name its answers are counted under.
type call struct {
	name string
	do   func() e2e.Answer
}

// sample is one answer.
type sample struct {
	name   string
	at     time.Time // when it was asked
	took   time.Duration
	answer e2e.Answer
}

func (s sample) end() time.Time { return s.at.Add(s.took) }

// load is callers that ask all the time.
type load struct {
	cancel  context.CancelFunc
	callers sync.WaitGroup
	mu      sync.Mutex
	samples []sample
}

// startLoad lets callers take turns with the calls, each pausing between two.
func startLoad(t *testing.T, callers int, pause time.Duration, calls ...call) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{cancel: cancel}
	for i := range callers {
		l.callers.Go(func() {
			for turn := i; ctx.Err() == nil; turn++ {
				l.ask(calls[turn%len(calls)])
				time.Sleep(pause)
			}
		})
	}
	t.Cleanup(func() { l.stop() })
	return l
}

// startOpenLoad asks at a rate whatever the answers do, up to 2,000 at a time; what is beyond is
// an answer that did not come.
func startOpenLoad(t *testing.T, perSecond int, calls ...call) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{cancel: cancel}
	room := make(chan struct{}, 2000)
	l.callers.Go(func() {
		begin := time.Now()
		for n := 0; ctx.Err() == nil; n++ {
			time.Sleep(time.Until(begin.Add(time.Duration(n) * time.Second / time.Duration(perSecond))))
			select {
			case room <- struct{}{}:
				l.callers.Go(func() {
					l.ask(calls[n%len(calls)])
					<-room
				})
			default:
				l.add(sample{name: calls[n%len(calls)].name, at: time.Now(), answer: e2e.Answer{Err: fmt.Errorf("2,000 are waiting")}})
			}
		}
	})
	t.Cleanup(func() { l.stop() })
	return l
}

func (l *load) ask(c call) {
	start := time.Now()
	answer := c.do()
	l.add(sample{c.name, start, time.Since(start), answer})
}

func (l *load) add(s sample) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.samples = append(l.samples, s)
}

// stop ends the load and returns every answer, in the order they came.
func (l *load) stop() samples {
	l.cancel()
	l.callers.Wait()
	return l.samples
}

type samples []sample

// only returns the samples that something is true of.
func (all samples) only(is func(sample) bool) samples {
	var some samples
	for _, s := range all {
		if is(s) {
			some = append(some, s)
		}
	}
	return some
}

func (all samples) between(from, to time.Time) samples {
	return all.only(func(s sample) bool { return !s.at.Before(from) && s.at.Before(to) })
}

func (all samples) named(name string) samples {
	return all.only(func(s sample) bool { return s.name == name })
}

func (all samples) status(status int) samples {
	return all.only(func(s sample) bool { return s.answer.Status == status })
}

// quantile is a latency in the sorted order; q = 1 is the slowest.
func (all samples) quantile(q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	took := make([]time.Duration, len(all))
	for i, s := range all {
		took[i] = s.took
	}
	return quantile(took, q)
}

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(math.Ceil(q*float64(len(all))))-1)]
}

// kinds counts by name and status: "2 introspect 503".
func (all samples) kinds() string {
	counts := map[string]int{}
	for _, s := range all {
		counts[fmt.Sprint(s.name, " ", s.answer.Status)]++
	}
	var parts []string
	for kind, n := range counts {
		parts = append(parts, fmt.Sprint(n, " ", kind))
	}
	slices.Sort(parts)
	return list(parts)
}

// wantHonest fails the test on what an outage must never lead to: a refusal of what is good, a 500,
// no answer at all, a 503 that does not say when to come back. good is the status without outage.
func (all samples) wantHonest(t *testing.T, good map[string]int) (ok bool) {
	t.Helper()
	ok = true
	seen := map[string]int{}
	for _, s := range all {
		want := good[s.name]
		if want == 0 {
			want = 200
		}
		a := s.answer
		if a.Status == want || a.Status == 503 && a.Header.Get("Retry-After") != "" {
			continue
		}
		ok = false
		kind := fmt.Sprintf("%s: %d", s.name, a.Status)
		if seen[kind]++; seen[kind] == 1 {
			t.Logf("%s answered %d after %s, want %d or 503 with Retry-After: %s %v", s.name, a.Status, ms(s.took), want, a.Body, a.Err)
		}
		if a.Status == 400 || a.Status == 401 || want >= 400 && a.Status == 200 {
			t.Errorf("%s is a wrong answer", kind)
		}
	}
	return ok
}

// ms rounds for the table.
func ms(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}
