package load

import "time"

// Result is what a run has measured. Latencies are of right answers, in milliseconds.
type Result struct {
	Seconds   float64          `json:"seconds"`
	Requests  int64            `json:"requests"`   // answered, rightly or not
	PerSecond float64          `json:"per_second"` // of right answers
	Latency   Latency          `json:"latency_ms"`
	Errors    map[string]int64 `json:"errors,omitempty"` // by kind
	Late      int64            `json:"late,omitempty"`   // of an open loop: due, and not sent when it ended
}

// Latency is a distribution, in milliseconds.
type Latency struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99_9"`
	Max  float64 `json:"max"`
}

// Failed is how many requests got no right answer.
func (r *Result) Failed() int64 {
	n := int64(0)
	for _, count := range r.Errors {
		n += count
	}
	return n
}

// result adds up what the workers have so far.
func (r *running) result(workers []*worker) Result {
	took := time.Since(r.start)
	out := Result{Seconds: took.Seconds(), Errors: map[string]int64{}}
	var all Histogram
	for _, w := range workers {
		w.mu.Lock()
		all.Merge(&w.took)
		for kind, n := range w.errors {
			out.Errors[kind] += n
		}
		w.mu.Unlock()
	}
	out.Requests = int64(all.Count()) + out.Failed()
	if took > 0 {
		out.PerSecond = float64(all.Count()) / out.Seconds
	}
	out.Late = r.late(took, out.Requests)
	out.Latency = Latency{
		Mean: milliseconds(all.Mean()), P50: milliseconds(all.Percentile(50)), P90: milliseconds(all.Percentile(90)),
		P99: milliseconds(all.Percentile(99)), P999: milliseconds(all.Percentile(99.9)), Max: milliseconds(all.Max()),
	}
	return out
}

// late is how many requests of an open loop should have been answered and were not even sent.
func (r *running) late(took time.Duration, answered int64) int64 {
	if r.plan.Rate == 0 {
		return 0
	}
	if r.plan.Duration > 0 {
		took = min(took, r.plan.Duration)
	}
	due := int64(took.Seconds() * r.plan.Rate)
	if r.plan.Requests > 0 {
		due = min(due, r.plan.Requests)
	}
	return max(due-answered, 0)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
