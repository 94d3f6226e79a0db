package redistore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tollgate/flows/store"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

func TestEvents_ForgedEntriesAreLeftOut(t *testing.T) {
	server, prefix := redistest.Shared(t)
	s := open(t, server.Addr, prefix)
	stream := prefix + ":events"
	forged := [][]string{
		{"garbage", "x"},
		{"event", ""},
		{"event", "null"},
		{"event", "{}"},
		{"event", "[1,2]"},
		{"event", `{"type":"login","time":"yesterday"}`},
		{"event", `{"type":"login","time":1}`},
		{"event", `{"type":"login","type":"logout","time":"2026-11-23T12:00:00Z"}`},
		{"event", `{"type":"LOGIN","time":"2026-11-23T12:00:00Z"}`},
		{"event", `{"type":"login","time":"2026-11-23T12:00:00Z","client":"\u001b]0;owned\u0007"}`},
		{"event", `{"type":"login","time":"2026-11-23T12:00:00Z","detail":"\u202egnp"}`},
		{"event", `{"type":"login","time":"2026-11-23T12:00:00Z","client":"` + strings.Repeat("a", 300) + `"}`},
		{"event", `{"type":"login","time":"2026-11-23T12:00:00Z","other":"` + strings.Repeat("a", 1<<20) + `"}`},
		{"event", strings.Repeat("[", 10_000)},
		{"event", "\x00\xff\xfe"},
		{"event", `{"type":"login"`, "event", `{}`},
	}
	for _, fields := range forged {
		redis(t, server, append([]string{"XADD", stream, "*"}, fields...)...)
	}
	if err := s.AppendEvents(t.Context(), []store.Event{{Type: "login", Time: time.Now(), Node: "n", Seq: 1}}); err != nil {
		t.Fatal(err)
	}
	page, err := s.ReadEvents(t.Context(), store.FromOldest, 100, 0)
	if err != nil || page.Foreign != len(forged) || len(page.Events) != 1 || page.Next != page.Events[0].ID {
		t.Errorf("%+v, %v", page, err)
	}
	t.Run("an id from the end of time does not end reading", func(t *testing.T) {
		redis(t, server, "XADD", stream, "18446744073709551615-1", "garbage", "x")
		if err := s.AppendEvents(t.Context(), []store.Event{{Type: "logout", Time: time.Now(), Node: "n", Seq: 2}}); err != nil {
			t.Fatal(err)
		}
		page, err := s.ReadEvents(t.Context(), page.Next, 100, 0)
		if err != nil || page.Foreign != 1 || len(page.Events) != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		redis(t, server, "DEL", stream)
		if page, err = s.ReadEvents(t.Context(), page.Next, 100, time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if err := s.AppendEvents(t.Context(), []store.Event{{Type: "login", Time: time.Now(), Node: "n", Seq: 3}}); err != nil {
			t.Fatal(err)
		}
		if page, err = s.ReadEvents(t.Context(), page.Next, 100, 0); err != nil || len(page.Events) != 1 {
			t.Errorf("after the stream began anew: %+v, %v", page, err)
		}
	})
}

func TestEvents_OldOnesAreTrimmed(t *testing.T) {
	server, prefix := redistest.Shared(t)
	s := open(t, server.Addr, prefix)
	stream := prefix + ":events"
	old := time.Now().Add(-store.KeepEvents - time.Hour).UnixMilli()
	for i := range 500 { // a stream is trimmed by nodes of 100
		redis(t, server, "XADD", stream, fmt.Sprint(old+int64(i), "-0"), "event", "{}")
	}
	if err := s.AppendEvents(t.Context(), []store.Event{{Type: "login", Time: time.Now(), Node: "n", Seq: 1}}); err != nil {
		t.Fatal(err)
	}
	length := redis(t, server, "XLEN", stream)
	if n, err := length.AsInt64(); err != nil || n > 100 {
		t.Errorf("%d entries left, %v", n, err)
	}
	left := redis(t, server, "PTTL", stream)
	if ttl, err := left.AsInt64(); err != nil || ttl <= 0 || ttl > store.KeepEvents.Milliseconds() {
		t.Errorf("the stream lives %d ms, %v", ttl, err)
	}
}

// A reader that waits must not hold up anybody else.
func TestEvents_WaitingBlocksNobody(t *testing.T) {
	server, prefix := redistest.Shared(t)
	s := open(t, server.Addr, prefix)
	for range 4 {
		go s.ReadEvents(t.Context(), store.FromNow, 1, 10*time.Second)
	}
	time.Sleep(100 * time.Millisecond)
	for range 20 {
		begin := time.Now()
		if _, err := s.Ping(t.Context()); err != nil || time.Since(begin) > time.Second {
			t.Fatalf("ping took %v, %v", time.Since(begin), err)
		}
	}
}

// Events are worth keeping where the user of Redis may not publish.
func TestEvents_AreKeptWithoutPermissionToPublish(t *testing.T) {
	server, prefix := redistest.Shared(t)
	redis(t, server, "ACL", "SETUSER", prefix, "reset", "on", ">canary", "~"+prefix+":*",
		"+@read", "+@write", "+@scripting", "+@connection")
	s := openWith(t, asUser(server.Addr, prefix), prefix)
	if err := s.AppendEvents(t.Context(), []store.Event{{Type: "login", Time: time.Now(), Node: "n", Seq: 1}}); err != nil {
		t.Fatal(err)
	}
	if page, err := s.ReadEvents(t.Context(), store.FromOldest, 10, 0); err != nil || len(page.Events) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}

func asUser(addr, name string) redisx.Config {
	return redisx.Config{Addresses: []string{addr}, Timeout: 2 * time.Second, Username: name, Password: "canary"}
}
