package flows

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

func TestEventDamper_AFloodIsCountedAndHidesNobody(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	told, count := map[EventType][]Event{}, map[EventType]int64{}
	d := NewEventDamper(func(e Event) {
		told[e.Type] = append(told[e.Type], e)
		count[e.Type] += max(1, e.Count)
	}, func() time.Time { return at })
	add := func(times int, e Event) {
		for range times {
			d.Add(e)
		}
	}
	add(10_000, Event{Type: EventClientRefused, ClientID: "shop", RemoteAddr: "203.0.113.9"})
	if n := len(told[EventClientRefused]); n != damperPerSource.Burst {
		t.Errorf("one source is told %d times, want %d", n, damperPerSource.Burst)
	}
	for _, e := range []Event{
		{ClientID: "shop", RemoteAddr: "198.51.100.1"}, {ClientID: "other", RemoteAddr: "203.0.113.9"}, {RemoteAddr: "203.0.113.9"}, {},
	} {
		e.Type = EventClientRefused
		before := len(told[EventClientRefused])
		if d.Add(e); len(told[EventClientRefused]) != before+1 {
			t.Errorf("%+v is hidden by another's flood", e)
		}
	}
	for i := range 10_000 {
		add(1, Event{Type: EventLoginFailed, RemoteAddr: fmt.Sprintf("10.%d.%d.1", i/250, i%250)})
	}
	if n := len(told[EventLoginFailed]); n != damperPerType.Burst {
		t.Errorf("all sources together are told %d times, want %d", n, damperPerType.Burst)
	}
	for i := range 1000 { // of an operator who ends many: each is told
		add(1, Event{Type: EventTokenRevoked, Grant: oauth.GrantID(fmt.Sprint(i))})
		add(1, Event{Type: EventTokenIssued, ClientID: "shop"})
	}
	add(1000, Event{Type: EventCodeReplayed, Grant: "g"})
	d.Close()
	for eventType, want := range map[EventType]int64{
		EventClientRefused: 10_004, EventLoginFailed: 10_000, EventTokenRevoked: 1000, EventTokenIssued: 1000, EventCodeReplayed: 1000,
	} {
		if count[eventType] != want {
			t.Errorf("%s: %d are counted, want %d", eventType, count[eventType], want)
		}
	}
	for eventType, want := range map[EventType]int{EventTokenRevoked: 1000, EventTokenIssued: 1000, EventCodeReplayed: damperPerSource.Burst + 1} {
		if len(told[eventType]) != want {
			t.Errorf("%s: %d events, want %d", eventType, len(told[eventType]), want)
		}
	}
	if last := told[EventLoginFailed][len(told[EventLoginFailed])-1]; last.RemoteAddr != "" || last.Count == 0 || !at.Equal(last.Time) {
		t.Errorf("the rest is told as %+v", last)
	}
}

func TestEventDamper_JunkHidesNobodyWhoExists(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	told := 0
	d := NewEventDamper(func(Event) { told++ }, func() time.Time { return at })
	flood := func(e Event) {
		t.Helper()
		for i := range 10_000 {
			e.RemoteAddr = fmt.Sprintf("10.%d.%d.1", i/250, i%250)
			d.Add(e)
		}
	}
	tells := func(e Event) {
		t.Helper()
		e.RemoteAddr = "203.0.113.9"
		before := told
		if d.Add(e); told != before+1 {
			t.Errorf("%+v is hidden", e)
		}
	}
	flood(Event{Type: EventClientRefused})
	tells(Event{Type: EventClientRefused, ClientID: "shop"})
	flood(Event{Type: EventLoginFailed})
	flood(Event{Type: EventLoginFailed, ClientID: "app"}) // of users whom nobody knows, on the page that an app sent them to
	tells(Event{Type: EventLoginFailed, ClientID: "app", Subject: "usr_1"})
	flood(Event{Type: EventLoginLocked})
	tells(Event{Type: EventLoginLocked, Subject: "usr_1"})
	told = 0
	flood(Event{Type: EventLoginFailed, Subject: "usr_1"}) // and what there is of them is bounded
	if told >= damperPerType.Burst {
		t.Errorf("a flood about one user is told %d times", told)
	}
	d.Close()
}

func TestEventDamper_RacingCallersLoseNothing(t *testing.T) {
	var mu sync.Mutex
	var total int64
	d := NewEventDamper(func(e Event) { mu.Lock(); total += max(1, e.Count); mu.Unlock() }, time.Now)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 1000 {
				d.Add(Event{Type: EventLoginFailed, Node: "n"})
			}
		})
	}
	group.Wait()
	d.Close()
	if total != 8000 {
		t.Errorf("%d of 8000 events are told or counted", total)
	}
}
