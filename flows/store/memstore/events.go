package memstore

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"

	"tollgate/flows/store"
)

// mostEvents bounds what one process remembers.
const mostEvents = 8192

// events is a ring of what happened last.
type events struct {
	mu    sync.Mutex
	ring  []eventEntry     // grows to mostEvents
	count int              // of all that were ever appended; the next goes to count % mostEvents
	last  map[string]int64 // node -> the Seq of its last event; one process is one node
	more  chan struct{}    // closed, and replaced, when something is appended
}

type eventEntry struct {
	ms, n uint64 // the id
	event store.Event
}

func newEvents() *events { return &events{last: map[string]int64{}, more: make(chan struct{})} }

// AppendEvents implements store.Events.
func (s *Store) AppendEvents(_ context.Context, list []store.Event) error {
	v := s.events
	now := uint64(s.now().UnixMilli())
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range list {
		if e.Seq <= v.last[e.Node] {
			continue
		}
		v.last[e.Node] = e.Seq
		ms, n := v.nextID(now)
		e.ID = fmt.Sprintf("%d-%d", ms, n)
		if len(v.ring) < mostEvents {
			v.ring = append(v.ring, eventEntry{})
		}
		v.ring[v.count%mostEvents] = eventEntry{ms, n, e}
		v.count++
	}
	close(v.more)
	v.more = make(chan struct{})
	return nil
}

// nextID is above every id so far, whatever the clock does.
func (v *events) nextID(now uint64) (ms, n uint64) {
	if v.count == 0 {
		return now, 0
	}
	if last := &v.ring[(v.count-1)%mostEvents]; last.ms >= now {
		return last.ms, last.n + 1
	}
	return now, 0
}

// ReadEvents implements store.Events.
func (s *Store) ReadEvents(ctx context.Context, after string, most int, wait time.Duration) (store.EventPage, error) {
	v := s.events
	if after == store.FromNow {
		after = v.newest()
	}
	ms, n, ok := uint64(0), uint64(0), true
	if after != store.FromOldest {
		ms, n, ok = store.ParseEventID(after)
	}
	if !ok {
		return store.EventPage{}, store.ErrCursor
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		page, more := v.after(ms, n, most, s.now().Add(-store.KeepEvents))
		if len(page.Events) > 0 {
			return page, nil
		}
		page.Next = after
		if wait <= 0 {
			return page, nil
		}
		select {
		case <-more:
		case <-timer.C:
			return page, nil
		case <-ctx.Done():
			return page, ctx.Err()
		}
	}
}

func (v *events) newest() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.count == 0 {
		return "0-0"
	}
	return v.ring[(v.count-1)%mostEvents].event.ID
}

// after collects what is above an id and not too old, and returns what is closed when there is more.
func (v *events) after(ms, n uint64, most int, oldest time.Time) (store.EventPage, <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	first := max(0, v.count-mostEvents)
	at := func(i int) *eventEntry { return &v.ring[(first+i)%mostEvents] }
	from := sort.Search(v.count-first, func(i int) bool {
		e := at(i)
		return (e.ms > ms || e.ms == ms && e.n > n) && e.ms >= uint64(max(0, oldest.UnixMilli()))
	})
	var page store.EventPage
	for i := from; i < v.count-first && len(page.Events) < most; i++ {
		page.Events = append(page.Events, at(i).event)
		page.Next = at(i).event.ID
	}
	return page, v.more
}
