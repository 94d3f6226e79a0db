package flows

import (
	"context"
	"time"

	"tollgate/flows/store"
)

const (
	eventQueue     = 8192
	maxEventBatch  = 64                   // one script of well under a millisecond
	eventGather    = 5 * time.Millisecond // an append for every event would cost more than what it tells of
	eventRetry     = 100 * time.Millisecond
	maxEventRetry  = 2 * time.Second
	maxEventAppend = 5 * time.Second // a store fails much sooner
)

// EventLog takes events without making anybody wait and hands them to the store in batches. While
// the store is away it keeps as many as its queue holds.
type EventLog struct {
	store  store.Events
	node   string
	lost   func(n int, err error)
	queue  chan Event
	ending chan context.Context // of Close: until when what is left may be stored
	done   chan struct{}
	seq    int64

	base context.Context // of every append before Close; ends when Close's does
	stop context.CancelFunc
}

// NewEventLog begins to write. Node tells this process apart from all others, also from its own
// former lives. Lost is told of every number of events that will never be stored, with the
// store's last error or nil; and, with zero, of every failed attempt. Close ends the writing.
func NewEventLog(s store.Events, node string, lost func(n int, err error)) *EventLog {
	l := &EventLog{
		store: s, node: node, lost: lost,
		queue: make(chan Event, eventQueue), ending: make(chan context.Context, 1), done: make(chan struct{}),
	}
	l.base, l.stop = context.WithCancel(context.Background())
	go l.run()
	return l
}

// Add takes an event, or loses it where the queue is full or the event is not of the shape that
// readers accept. It never blocks and may be called from anywhere at any time.
func (l *EventLog) Add(e Event) {
	e.Node = l.node
	if !e.Valid() {
		l.lost(1, nil)
		return
	}
	select {
	case l.queue <- e:
	default:
		l.lost(1, nil)
	}
}

// Close stores what is left until ctx ends. Nothing may be added after it. It is called once.
func (l *EventLog) Close(ctx context.Context) {
	defer context.AfterFunc(ctx, l.stop)()
	l.ending <- ctx
	<-l.done
	l.stop()
}

// run appends batch after batch until Close.
func (l *EventLog) run() {
	defer close(l.done)
	for {
		select {
		case ctx := <-l.ending:
			l.finish(ctx, nil)
			return
		case e := <-l.queue:
			if len(l.queue) < maxEventBatch {
				time.Sleep(eventGather)
			}
			batch := l.batch(e)
			if ctx := l.insist(batch); ctx != nil {
				l.finish(ctx, batch)
				return
			}
		}
	}
}

// batch numbers an event and those that wait behind it. What is numbered is stored before anything
// after it, so that a second attempt repeats nothing.
func (l *EventLog) batch(e Event) []Event {
	var out []Event
	for {
		l.seq++
		e.Seq = l.seq
		if out = append(out, e); len(out) == maxEventBatch {
			return out
		}
		select {
		case e = <-l.queue:
		default:
			return out
		}
	}
}

// insist appends until it succeeds. If the log is closed before that, it returns Close's context.
func (l *EventLog) insist(batch []Event) context.Context {
	for pause := eventRetry; ; pause = min(2*pause, maxEventRetry) {
		ctx, cancel := context.WithTimeout(l.base, maxEventAppend)
		err := l.store.AppendEvents(ctx, batch)
		cancel()
		if err == nil {
			return nil
		}
		l.lost(0, err)
		select {
		case ctx := <-l.ending:
			return ctx
		case <-time.After(pause):
		}
	}
}

// finish appends a batch that waits, and all behind it, until ctx ends.
func (l *EventLog) finish(ctx context.Context, batch []Event) {
	for {
		if len(batch) == 0 {
			select {
			case e := <-l.queue:
				batch = l.batch(e)
			default:
				return
			}
		}
		err := l.store.AppendEvents(ctx, batch)
		switch {
		case err == nil:
			batch = nil
			continue
		case ctx.Err() != nil:
			l.lost(len(batch)+len(l.queue), err)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(eventRetry):
		}
	}
}
