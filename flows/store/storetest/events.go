package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tollgate/flows/store"
)

// eventsOf makes events of a node, counted from first.
func eventsOf(node string, first, n int) []store.Event {
	out := make([]store.Event, n)
	for i := range out {
		out[i] = store.Event{Type: "login", Time: now(), Node: node, Seq: int64(first + i), Subject: fmt.Sprint("usr_", first+i)}
	}
	return out
}

// readAll reads until nothing is left, a few at a time, and checks that ids grow.
func readAll(t *testing.T, s store.Store, after string) []store.Event {
	t.Helper()
	var all []store.Event
	for {
		page, err := s.ReadEvents(ctx, after, 7, 0)
		ok(t, err)
		if page.Foreign > 0 || len(page.Events) > 7 {
			t.Fatalf("%d events of others, %d of ours", page.Foreign, len(page.Events))
		}
		if len(page.Events) == 0 {
			return all
		}
		for _, e := range page.Events {
			if len(all) > 0 && !above(t, e.ID, all[len(all)-1].ID) {
				t.Fatalf("id %s after %s", e.ID, all[len(all)-1].ID)
			}
			all = append(all, e)
		}
		after = page.Next
	}
}

// above reports whether one id is greater than another.
func above(t *testing.T, id, than string) bool {
	t.Helper()
	ms, n, ok := store.ParseEventID(id)
	ms2, n2, ok2 := store.ParseEventID(than)
	if !ok || !ok2 {
		t.Fatalf("ids %q and %q", id, than)
	}
	return ms > ms2 || ms == ms2 && n > n2
}

// seqs checks that the events are these of one node, all of them, once, in order.
func seqs(t *testing.T, events []store.Event, first, n int) {
	t.Helper()
	if len(events) != n {
		t.Fatalf("%d events, want %d", len(events), n)
	}
	for i, e := range events {
		if e.Seq != int64(first+i) {
			t.Fatalf("event %d has count %d, want %d", i, e.Seq, first+i)
		}
	}
}

var events = []test{
	{"what was appended is read, whole and in order", func(t *testing.T, s store.Store) {
		e := store.Event{
			Type: "token_issued", Time: now(), Node: "node-1", Seq: 1, ClientID: "app", Subject: "usr_1", Grant: grantID(),
			Key: "kid", Detail: "created", RequestID: "r-1", RemoteAddr: "2001:db8::1",
		}
		ok(t, s.AppendEvents(ctx, []store.Event{e}))
		all := readAll(t, s, store.FromOldest)
		if len(all) != 1 {
			t.Fatalf("%d events", len(all))
		}
		e.ID = all[0].ID
		same(t, all[0], e)
		ok(t, s.AppendEvents(ctx, eventsOf("node-1", 2, 30)))
		seqs(t, readAll(t, s, store.FromOldest), 1, 31)
		seqs(t, readAll(t, s, e.ID), 2, 30)
	}},
	{"appending nothing is no error", func(t *testing.T, s store.Store) {
		ok(t, s.AppendEvents(ctx, nil))
	}},
	{"what was appended before is not appended again", func(t *testing.T, s store.Store) {
		batch := eventsOf("node-1", 1, 5)
		ok(t, s.AppendEvents(ctx, batch))
		ok(t, s.AppendEvents(ctx, batch))
		ok(t, s.AppendEvents(ctx, eventsOf("node-1", 4, 5)))
		seqs(t, readAll(t, s, store.FromOldest), 1, 8)
		ok(t, s.AppendEvents(ctx, eventsOf("node-2", 1, 1)))
		if n := len(readAll(t, s, store.FromOldest)); n != 9 {
			t.Errorf("%d events: nodes count apart", n)
		}
	}},
	{"a reader that begins now sees what comes, and continues where it was", func(t *testing.T, s store.Store) {
		ok(t, s.AppendEvents(ctx, eventsOf("node-1", 1, 3)))
		page, err := s.ReadEvents(ctx, store.FromNow, 10, 0)
		ok(t, err)
		if len(page.Events) != 0 || page.Next == store.FromNow {
			t.Fatalf("%+v", page)
		}
		ok(t, s.AppendEvents(ctx, eventsOf("node-1", 4, 3))) // between two reads
		seqs(t, readAll(t, s, page.Next), 4, 3)
	}},
	{"a reader that begins now in an empty store misses nothing either", func(t *testing.T, s store.Store) {
		page, err := s.ReadEvents(ctx, store.FromNow, 10, 20*time.Millisecond)
		ok(t, err)
		ok(t, s.AppendEvents(ctx, eventsOf("node-1", 1, 1)))
		seqs(t, readAll(t, s, page.Next), 1, 1)
	}},
	{"a reader that waits is told at once, and not before", func(t *testing.T, s store.Store) {
		begin := time.Now()
		page, err := s.ReadEvents(ctx, store.FromNow, 10, soon)
		ok(t, err)
		if took := time.Since(begin); len(page.Events) != 0 || took < soon-10*time.Millisecond {
			t.Fatalf("%d events after %v", len(page.Events), took)
		}
		var done sync.WaitGroup
		done.Go(func() {
			time.Sleep(soon)
			ok(t, s.AppendEvents(ctx, eventsOf("node-1", 1, 1)))
		})
		begin = time.Now()
		page, err = s.ReadEvents(ctx, page.Next, 10, minute)
		ok(t, err)
		seqs(t, page.Events, 1, 1)
		if took := time.Since(begin); took > 10*soon {
			t.Errorf("told after %v", took)
		}
		done.Wait()
	}},
	{"events since a moment are those stored then or later", func(t *testing.T, s store.Store) {
		ok(t, s.AppendEvents(ctx, eventsOf("node-1", 1, 3)))
		time.Sleep(5 * time.Millisecond)
		at := time.Now()
		time.Sleep(5 * time.Millisecond)
		ok(t, s.AppendEvents(ctx, eventsOf("node-1", 4, 3)))
		seqs(t, readAll(t, s, store.EventsSince(at)), 4, 3)
		seqs(t, readAll(t, s, store.EventsSince(at.Add(-time.Hour))), 1, 6)
		seqs(t, readAll(t, s, store.EventsSince(time.Time{})), 1, 6)
	}},
	{"what is no id is ErrCursor", func(t *testing.T, s store.Store) {
		for _, after := range []string{"x", "1", "-", "1-", "-1", "1-2-3", "1-x", "+", ">", "99999999999999999999-0"} {
			_, err := s.ReadEvents(ctx, after, 10, 0)
			says(t, err, store.ErrCursor)
		}
	}},
	{"of 32 racing nodes nothing is lost, and each one's order stays", func(t *testing.T, s store.Store) {
		for _, err := range race(func(i int) error {
			for k := range 10 {
				if err := s.AppendEvents(ctx, eventsOf(fmt.Sprint("node-", i), 1+2*k, 2)); err != nil {
					return err
				}
			}
			return nil
		}) {
			ok(t, err)
		}
		of := map[string][]store.Event{}
		for _, e := range readAll(t, s, store.FromOldest) {
			of[e.Node] = append(of[e.Node], e)
		}
		for i := range racers {
			seqs(t, of[fmt.Sprint("node-", i)], 1, 20)
		}
	}},
}
