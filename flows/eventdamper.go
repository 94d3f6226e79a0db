package flows

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tollgate/cache"
)

// How often what strangers can make happen at will is told one by one. The rest is only counted.
var (
	damperPerSource = cache.Rate{PerSecond: 0.2, Burst: 20} // about the same client, user or grant, from one address
	damperPerType   = cache.Rate{PerSecond: 5, Burst: 200}  // from everywhere together, about users, about clients and about nobody
)

const damperFlush = 10 * time.Second // as late as the rest is told

// A damped event takes no credential to cause, or one that is spent.
type damped struct {
	anybody *cache.Limiter // for all about users, clients and nobody; nil where who they are about is not a stranger's choice
	left    atomic.Int64   // happened since the last flush, and not told one by one
}

// EventDamper keeps floods out of what is kept of events: a log fills a disk, and what is kept of
// them is so many. Nothing goes uncounted.
type EventDamper struct {
	next    func(Event)
	now     func() time.Time
	sources *cache.Limiter
	types   map[EventType]*damped
	stop    chan struct{}
	done    sync.WaitGroup
}

// NewEventDamper passes events on to next, from whichever goroutine they come. Close ends it.
func NewEventDamper(next func(Event), now func() time.Time) *EventDamper {
	d := &EventDamper{next: next, now: now, sources: cache.NewLimiter(damperPerSource, now), types: map[EventType]*damped{}, stop: make(chan struct{})}
	for _, t := range []EventType{EventClientRefused, EventAdminRefused, EventLoginFailed, EventLoginLocked} {
		d.types[t] = &damped{anybody: cache.NewLimiter(damperPerType, now)}
	}
	for _, t := range []EventType{EventCodeReplayed, EventTokenRevoked} {
		d.types[t] = &damped{}
	}
	d.done.Go(d.run)
	return d
}

// Add passes an event on, or counts it. It may be called from anywhere at any time before Close.
func (d *EventDamper) Add(e Event) {
	if kind := d.types[e.Type]; kind != nil && !d.tells(kind, &e) {
		kind.left.Add(1)
		return
	}
	d.next(e)
}

// tells reports whether an event is told by itself. Whose turn a source has used up counts for
// nobody else's.
func (d *EventDamper) tells(kind *damped, e *Event) bool {
	addr, err := netip.ParseAddr(e.RemoteAddr)
	if err != nil {
		addr = netip.Addr{}
	}
	now := d.now()
	about := string(e.Type) + " " + e.ClientID + " " + e.Subject + " " + string(e.Grant)
	return d.sources.AllowNameAt(about, addr, now) == 0 && kind.anybody.AllowName(whom(e), 1, now) == 0
}

// whom says what an event is about. Whoever makes names up uses up the turns of nobody who exists:
// guesses at a user are told also while junk comes from everywhere.
func whom(e *Event) string {
	switch {
	case e.Subject != "":
		return "user"
	case e.ClientID != "":
		return "client"
	}
	return ""
}

// Close tells what is left.
func (d *EventDamper) Close() {
	close(d.stop)
	d.done.Wait()
}

func (d *EventDamper) run() {
	tick := time.NewTicker(damperFlush)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.flush()
		case <-d.stop:
			d.flush()
			return
		}
	}
}

// flush makes one event of each type of all that were not told.
func (d *EventDamper) flush() {
	for _, t := range EventTypes() {
		if kind := d.types[t]; kind != nil {
			if n := kind.left.Swap(0); n > 0 {
				d.next(Event{Type: t, Time: d.now().UTC().Truncate(time.Millisecond), Count: n, Detail: "more of these"})
			}
		}
	}
}
