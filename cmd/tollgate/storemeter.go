package main

import (
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.uber.org/zap"
)

// storeBuckets are seconds, from a Redis beside us to one that is lost.
var storeBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1}

// storeMeter measures every operation of the store and logs the slow ones.
type storeMeter struct {
	set  *metrics.Set
	log  *zap.Logger
	slow time.Duration // 0: none is
	ops  sync.Map      // op -> *opMeter; the ops are a fixed set of words
}

type opMeter struct {
	duration *metrics.PrometheusHistogram
	errors   *metrics.Counter
}

// observe is redisx.Config.Observe.
func (m *storeMeter) observe(op string, took time.Duration, err error) {
	meter := m.of(op)
	meter.duration.Update(took.Seconds())
	if err != nil {
		meter.errors.Inc()
	}
	if m.slow > 0 && took >= m.slow {
		m.log.Warn("slow store", zap.String("op", op), zap.Duration("took", took), zap.Error(err))
	}
}

func (m *storeMeter) of(op string) *opMeter {
	if known, ok := m.ops.Load(op); ok {
		return known.(*opMeter)
	}
	label := `{op="` + op + `"}`
	made, _ := m.ops.LoadOrStore(op, &opMeter{
		duration: m.set.GetOrCreatePrometheusHistogramExt("tollgate_store_duration_seconds"+label, storeBuckets),
		errors:   m.set.GetOrCreateCounter("tollgate_store_errors_total" + label),
	})
	return made.(*opMeter)
}
