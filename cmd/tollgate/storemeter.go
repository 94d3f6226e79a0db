package main

import (
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.uber.org/zap"
)

// storeBuckets are seconds, from a Redis beside us to one that is lost.
var storeBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1}

// storeOps are the names that operations on Redis are observed under. Their series are all made at
// start: how many there are does not depend on what is asked.
var storeOps = []string{
	"ping", "checks", "add_consent", "append_events", "check_revoked", "create_client", "create_user", "delete_client",
	"delete_consent", "delete_session", "delete_user", "end_family", "find_user", "finish_interaction", "get_client",
	"get_consent", "get_cut_off", "get_family", "get_interaction", "get_keys", "get_origins", "get_outcome", "get_session", "get_standing", "get_user",
	"list_clients", "list_families", "list_family", "list_users", "newest_event", "put_code", "put_interaction", "put_session", "raise_beat",
	"read_events", "release_lease", "rotate", "revoke_client", "revoke_grant", "revoke_session", "revoke_subject", "revoke_token",
	"save_keys", "settle_limits", "take_code", "take_lease", "update_client", "update_user", "other",
}

// storeMeter measures every operation of the store and logs those that succeeded late.
type storeMeter struct {
	log  *zap.Logger
	slow time.Duration // 0: none is
	ops  map[string]*opMeter
}

type opMeter struct {
	duration *metrics.PrometheusHistogram
	errors   *metrics.Counter
}

func newStoreMeter(set *metrics.Set, log *zap.Logger, slow time.Duration) *storeMeter {
	m := &storeMeter{log: log, slow: slow, ops: map[string]*opMeter{}}
	for _, op := range storeOps {
		label := `{op="` + op + `"}`
		m.ops[op] = &opMeter{
			duration: set.NewPrometheusHistogramExt("tollgate_store_duration_seconds"+label, storeBuckets),
			errors:   set.NewCounter("tollgate_store_errors_total" + label),
		}
	}
	return m
}

// observe is redisx.Config.Observe.
func (m *storeMeter) observe(op string, took time.Duration, err error) {
	meter := m.ops[op]
	if meter == nil {
		meter = m.ops["other"]
	}
	meter.duration.Update(took.Seconds())
	switch {
	case err != nil: // not slow but failed, as whoever asked reports
		meter.errors.Inc()
	case op == "ping", op == "checks", op == "read_events", op == "settle_limits": // nobody waits for them
	case m.slow > 0 && took >= m.slow:
		m.log.Warn("slow store", zap.String("op", op), zap.Duration("took", took))
	}
}
