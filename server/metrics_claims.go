package server

import (
	"fmt"
	"io"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

const (
	claimHitsName   = "tollgate_claims_cache_hits_total"
	claimMissesName = "tollgate_claims_cache_misses_total"
)

// claimMeters counts good access tokens by whether their claims were remembered or their signature had
// to be verified first, on the lanes of requests. What is no good is counted by what was answered, so
// that no flood of it hides how the good ones fare.
type claimMeters struct {
	lanes [lanes]struct {
		hits, misses atomic.Uint64
		_            [112]byte // a cache line, and the one that is fetched beside it
	}
}

// count notes one good token.
func (m *claimMeters) count(lane int, recalled bool) {
	if recalled {
		m.lanes[lane].hits.Add(1)
	} else {
		m.lanes[lane].misses.Add(1)
	}
}

// write writes both counters in the Prometheus text format.
func (m *claimMeters) write(w io.Writer) {
	hits, misses := uint64(0), uint64(0)
	for i := range m.lanes {
		hits += m.lanes[i].hits.Load()
		misses += m.lanes[i].misses.Load()
	}
	metrics.WriteMetadataIfNeeded(w, claimHitsName, "counter")
	fmt.Fprintf(w, "%s %d\n", claimHitsName, hits)
	metrics.WriteMetadataIfNeeded(w, claimMissesName, "counter")
	fmt.Fprintf(w, "%s %d\n", claimMissesName, misses)
}
