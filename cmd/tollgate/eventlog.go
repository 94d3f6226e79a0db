package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.uber.org/zap"

	"tollgate/flows"
	"tollgate/flows/store"
)

// flushTime is how long a process that ends may take to store its last events. A drain leaves as
// much before an orchestrator kills.
const flushTime = 800 * time.Millisecond

// eventKeeper counts events and stores them for `tollgate events`.
type eventKeeper struct {
	log     *zap.Logger
	kept    *flows.EventLog
	happen  map[flows.EventType]*metrics.Counter
	dropped *metrics.Counter

	mu       sync.Mutex
	said     time.Time // when the log was last told of a loss
	unspoken int       // events lost since
}

// newEventKeeper makes every series at start; a set that is nil counts for nobody.
func newEventKeeper(s store.Events, node string, set *metrics.Set, log *zap.Logger) *eventKeeper {
	if set == nil {
		set = metrics.NewSet()
	}
	k := &eventKeeper{log: log, happen: map[flows.EventType]*metrics.Counter{}, dropped: set.NewCounter("tollgate_events_dropped_total")}
	for _, t := range flows.EventTypes() {
		k.happen[t] = set.NewCounter(`tollgate_events_total{type="` + string(t) + `"}`)
	}
	k.kept = flows.NewEventLog(s, plainName(node), k.lost)
	return k
}

// plainName replaces what an event may not hold; a host may be called anything.
func plainName(node string) string {
	return strings.Map(func(r rune) rune {
		if r < '!' || r > '~' {
			return '-'
		}
		return r
	}, node)
}

func (k *eventKeeper) add(e flows.Event) {
	if counter := k.happen[e.Type]; counter != nil {
		counter.Add(int(max(1, e.Count)))
	}
	k.kept.Add(e)
}

// lost is told of events that are lost, and, with zero, of attempts that failed. The log hears of
// it once a second at most.
func (k *eventKeeper) lost(n int, err error) {
	k.dropped.Add(n)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.unspoken += n
	if time.Since(k.said) < time.Second {
		return
	}
	k.log.Warn("events cannot be stored", zap.Int("lost", k.unspoken), zap.Error(err))
	k.said, k.unspoken = time.Now(), 0
}

// close stores what is left and says what was lost and not said.
func (k *eventKeeper) close() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	k.kept.Close(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.unspoken > 0 {
		k.log.Warn("events are lost", zap.Int("lost", k.unspoken))
	}
}

// keepEvent is what becomes of every event.
func (n *node) keepEvent(e flows.Event) {
	n.logEvent(e)
	n.audit.add(e)
	n.events.add(e)
}

// onKeyChange is keys.Config.OnChange.
func (n *node) onKeyChange(ctx context.Context, change, kid string) {
	n.flows.KeyChanged(ctx, change, kid)
}

// close ends what wire began.
func (n *node) close() error {
	n.damper.Close()
	n.events.close()
	n.audit.close()
	return n.store.Close()
}
