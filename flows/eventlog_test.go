package flows

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tollgate/flows/store"
)

// ledger is a store of events that can be away, and can lose its answers.
type ledger struct {
	mu       sync.Mutex
	kept     []store.Event
	attempts int
	away     error
	mute     bool          // stores, and says that it did not
	slow     time.Duration // of every call
}

func (l *ledger) AppendEvents(ctx context.Context, events []store.Event) error {
	if l.slow > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(l.slow):
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts++
	if l.away != nil {
		return l.away
	}
	for _, e := range events {
		if n := len(l.kept); n == 0 || e.Seq > l.kept[n-1].Seq {
			l.kept = append(l.kept, e)
		}
	}
	if l.mute {
		return errors.New("no answer")
	}
	return nil
}

func (l *ledger) ReadEvents(context.Context, string, int, time.Duration) (store.EventPage, error) {
	return store.EventPage{}, nil
}

func (l *ledger) set(change func()) { l.mu.Lock(); defer l.mu.Unlock(); change() }

// complete checks that exactly the first n events were stored, in order.
func (l *ledger) complete(t *testing.T, n int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) != n {
		t.Fatalf("%d events were stored, want %d", len(l.kept), n)
	}
	for i, e := range l.kept {
		if e.Seq != int64(i+1) || e.Node != "n" {
			t.Fatalf("event %d: %+v", i, e)
		}
	}
}

// losses counts what an EventLog says.
type losses struct {
	mu             sync.Mutex
	events, errors int
}

func (l *losses) add(n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events += n; err != nil {
		l.errors++
	}
}

func addN(l *EventLog, n int) {
	for range n {
		l.Add(Event{Type: EventLogin, Time: time.Now()})
	}
}

func TestEventLog_KeepsWhatHappensDuringAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost losses
		at := &ledger{away: errors.New("down")}
		l := NewEventLog(at, "n", lost.add)
		addN(l, 5000)
		time.Sleep(time.Minute)
		at.set(func() { at.away = nil })
		addN(l, 100)
		time.Sleep(maxEventRetry)
		synctest.Wait()
		at.complete(t, 5100)
		if lost.events != 0 || lost.errors == 0 || at.attempts > 60+5100/maxEventBatch+10 {
			t.Errorf("%+v after %d attempts", &lost, at.attempts)
		}
		l.Close(t.Context())
	})
}

func TestEventLog_StoresOnceWhatWasAnsweredTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := &ledger{mute: true}
		l := NewEventLog(at, "n", func(int, error) {})
		addN(l, 200)
		time.Sleep(10 * time.Second)
		at.set(func() { at.mute = false })
		l.Close(t.Context())
		at.complete(t, 200)
	})
}

func TestEventLog_WithoutRoomLosesAndCountsButNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost losses
		at := &ledger{away: errors.New("down")}
		l := NewEventLog(at, "n", lost.add)
		begin := time.Now()
		addN(l, eventQueue+1000)
		if time.Since(begin) != 0 {
			t.Error("adding took time")
		}
		if lost.events < 1000-maxEventBatch || lost.events > 1000 {
			t.Errorf("%d lost", lost.events)
		}
		at.set(func() { at.away = nil })
		l.Close(t.Context())
		at.complete(t, eventQueue+1000-lost.events)
	})
}

func TestEventLog_CloseStoresWhatIsLeftInItsTime(t *testing.T) {
	t.Run("all of it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			at := &ledger{slow: time.Millisecond}
			l := NewEventLog(at, "n", func(int, error) { t.Error("lost") })
			addN(l, 3000)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			l.Close(ctx)
			at.complete(t, 3000)
		})
	})
	t.Run("with the store away, it counts and ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var lost losses
			l := NewEventLog(&ledger{slow: time.Hour}, "n", lost.add)
			addN(l, 3000)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			begin := time.Now()
			l.Close(ctx)
			if took := time.Since(begin); took > time.Second || lost.events != 3000 {
				t.Errorf("took %v, lost %d", took, lost.events)
			}
		})
	})
}

func TestEventLog_TakesNothingThatReadersWouldNot(t *testing.T) {
	var lost losses
	at := &ledger{}
	l := NewEventLog(at, "n", lost.add)
	l.Add(Event{Type: EventLogin, ClientID: "a\x1b]0;b"})
	l.Add(Event{})
	addN(l, 1)
	l.Close(t.Context())
	if at.complete(t, 1); lost.events != 2 {
		t.Errorf("%d lost", lost.events)
	}
}

func TestEventTypes_AreAllValidAndDifferent(t *testing.T) {
	seen := EventTypes()
	slices.Sort(seen)
	if n := len(slices.Compact(seen)); n != len(EventTypes()) {
		t.Errorf("%d different types of %d", n, len(EventTypes()))
	}
	for _, eventType := range EventTypes() {
		if e := (Event{Type: eventType}); !e.Valid() {
			t.Errorf("%s is not of the shape of ours", eventType)
		}
	}
}

// What a request pays for an event.
func BenchmarkEventLog_Add(b *testing.B) {
	l := NewEventLog(&ledger{}, "n", func(int, error) {})
	defer l.Close(b.Context())
	e := Event{Type: EventTokenIssued, Time: time.Now(), ClientID: "demo-service", Subject: "demo-service", Grant: "mkHgp0iMNXiPLjmKIyaoeA",
		RequestID: "0bb3e4aebf75f809a9a6c64b72181761", RemoteAddr: "203.0.113.7"}
	b.ReportAllocs()
	for b.Loop() {
		l.Add(e)
	}
}
