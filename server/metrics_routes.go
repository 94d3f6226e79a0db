package server

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// durationBuckets reach from a cached validation to a lost store.
var durationBuckets = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	1 * time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, 1 * time.Second, 2500 * time.Millisecond, 5 * time.Second,
}

// lanes is how many copies of a route's counters there are. A pooled request keeps to one, and the
// pool keeps requests to processors, so that processors seldom write to the same memory.
const lanes = 8

var lanesGiven atomic.Uint64

// nextLane deals out the lanes in turn.
func nextLane() int { return int(lanesGiven.Add(1) % lanes) }

// routeMeters counts one route's requests. The library's histogram has a lock, which every request
// of every processor would take.
type routeMeters struct{ lanes [lanes]tally }

type tally struct {
	outcomes [outcomeCount]atomic.Uint64
	buckets  [len(durationBuckets) + 1]atomic.Uint64 // not cumulated; the last is beyond all bounds
	nanos    atomic.Int64
	_        [64]byte // at least a cache line to the next lane
}

// count notes one finished request.
func (m *routeMeters) count(lane, status int, took time.Duration) {
	t := &m.lanes[lane]
	t.outcomes[outcomeOf(status)].Add(1)
	bucket := 0
	for bucket < len(durationBuckets) && took > durationBuckets[bucket] {
		bucket++
	}
	t.buckets[bucket].Add(1)
	t.nanos.Add(int64(took))
}

// outcome is how many requests ended so.
func (m *routeMeters) outcome(i int) (n uint64) {
	for lane := range m.lanes {
		n += m.lanes[lane].outcomes[i].Load()
	}
	return n
}

// durations are the requests of each bucket, and how long all took.
func (m *routeMeters) durations() (buckets [len(durationBuckets) + 1]uint64, all time.Duration) {
	for lane := range m.lanes {
		t := &m.lanes[lane]
		for i := range t.buckets {
			buckets[i] += t.buckets[i].Load()
		}
		all += time.Duration(t.nanos.Load())
	}
	return buckets, all
}

const (
	requestsName = "tollgate_http_requests_total"
	durationName = "tollgate_http_request_duration_seconds"
)

// writeRoutes writes both families of all routes in the Prometheus text format.
func (m *meters) writeRoutes(to io.Writer) {
	w := bufio.NewWriter(to)
	defer w.Flush()
	names := slices.Sorted(maps.Keys(m.routes))
	metrics.WriteMetadataIfNeeded(w, requestsName, "counter")
	for _, route := range names {
		for i, outcome := range outcomeNames {
			fmt.Fprintf(w, "%s{route=%q,outcome=%q} %d\n", requestsName, route, outcome, m.routes[route].outcome(i))
		}
	}
	metrics.WriteMetadataIfNeeded(w, durationName, "histogram")
	for _, route := range names {
		writeHistogram(w, route, m.routes[route])
	}
}

func writeHistogram(w io.Writer, route string, m *routeMeters) {
	buckets, all := m.durations()
	total := uint64(0)
	for i, n := range buckets {
		bound := "+Inf"
		if i < len(durationBuckets) {
			bound = strconv.FormatFloat(durationBuckets[i].Seconds(), 'g', -1, 64)
		}
		total += n
		fmt.Fprintf(w, "%s_bucket{route=%q,le=%q} %d\n", durationName, route, bound, total)
	}
	fmt.Fprintf(w, "%s_sum{route=%q} %g\n", durationName, route, all.Seconds())
	fmt.Fprintf(w, "%s_count{route=%q} %d\n", durationName, route, total)
}
