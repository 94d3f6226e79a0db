package redistore_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"tollgate/flows/oauth"
	"tollgate/flows/store/redistore"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

const page = "https://app.example"

func pageOf(t *testing.T, s *redistore.Store, want bool, within time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		got, err := s.HasOrigin(t.Context(), page)
		if err == nil && got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v, %v, want %v", within, got, err, want)
		}
	}
}

func TestOrigins_AnotherNodeHearsOfThem(t *testing.T) {
	server, prefix := redistest.Shared(t)
	a, b := open(t, server.Addr, prefix), open(t, server.Addr, prefix)
	for range 3 {
		pageOf(t, b, false, 3*time.Second)
		if err := a.CreateClient(t.Context(), &oauth.Client{ID: "app", AllowedOrigins: []string{page}, CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		pageOf(t, a, true, 0)
		pageOf(t, b, true, 3*time.Second)
		if err := a.DeleteClient(t.Context(), "app"); err != nil {
			t.Fatal(err)
		}
		pageOf(t, a, false, 0)
	}
	pageOf(t, b, false, 3*time.Second)
}

// Whoever sends whatever origins, Redis does not hear of it.
func TestOrigins_AskingForManyCostsNoRoundTrip(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.Addr, "p")
	if err := s.CreateClient(t.Context(), &oauth.Client{ID: "app", AllowedOrigins: []string{page}}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // what was written a moment ago is read from Redis
	pageOf(t, s, true, 0)
	before := stat(t, server, "get", "calls")
	for begin, i := time.Now(), 0; time.Since(begin) < 2*time.Second; i++ {
		if known, err := s.HasOrigin(t.Context(), "https://evil-"+strconv.Itoa(i)+".example"); err != nil || known {
			t.Fatal(known, err)
		}
	}
	if n := stat(t, server, "get", "calls") - before; n > 1 { // one where what is remembered ends just now
		t.Errorf("Redis was asked %d times", n)
	}
}

// stat is what Redis counts of a command: its calls, or the microseconds that they took together.
func stat(t *testing.T, server *redistest.Server, command, what string) int {
	t.Helper()
	message := redis(t, server, "INFO", "commandstats")
	stats, err := message.ToString()
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(stats, "cmdstat_"+command+":")
	line, _, _ = strings.Cut(line, "\r\n")
	for _, field := range strings.Split(line, ",") {
		if digits, found := strings.CutPrefix(field, what+"="); found {
			n, err := strconv.Atoi(digits)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

func TestOrigins_WhatWasKnownOutlivesAnOutage(t *testing.T) {
	server := redistest.Start(t, "--appendfsync", "always") // it is killed a moment after the write
	s := openWith(t, redisx.Config{Addresses: []string{server.Addr}, Timeout: 250 * time.Millisecond}, "p")
	late := openWith(t, redisx.Config{Addresses: []string{server.Addr}, Timeout: 250 * time.Millisecond}, "p")
	if err := s.CreateClient(t.Context(), &oauth.Client{ID: "app", AllowedOrigins: []string{page}}); err != nil {
		t.Fatal(err)
	}
	pageOf(t, s, true, 0)
	server.Kill()
	for range 3 {
		time.Sleep(250 * time.Millisecond)
		begin := time.Now()
		pageOf(t, s, true, 0)
		if took := time.Since(begin); took > time.Second {
			t.Errorf("asking took %s", took)
		}
	}
	if _, err := late.HasOrigin(t.Context(), page); err == nil {
		t.Error("who has never read the origins knows them")
	}
	server.Restart()
	pageOf(t, late, true, 5*time.Second)
}

// An update whose end got lost is repeated by somebody, and then the origins are right.
func TestOrigins_AreMendedByAnUpdateThatIsRefused(t *testing.T) {
	server, prefix := redistest.Shared(t)
	s := open(t, server.Addr, prefix)
	c := &oauth.Client{ID: "app", AllowedOrigins: []string{page}, CreatedAt: time.Now()}
	if err := s.CreateClient(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	redis(t, server, "DEL", prefix+":origins:clients:{"+prefix+":origins}", prefix+":origins:word:{"+prefix+":origins}")
	pageOf(t, s, false, 3*time.Second)
	c.Version = 7
	if err := s.UpdateClient(t.Context(), c); err == nil {
		t.Fatal("a stale update is accepted")
	}
	pageOf(t, s, true, 0)
}

// Public documents are asked for by whoever likes, with an Origin or without: nobody waits behind others.
func TestOrigins_CallersDoNotWaitOneAfterTheOtherForARedisThatHangs(t *testing.T) {
	const callers = 100
	server := redistest.Start(t)
	s := open(t, server.Addr, "p")
	server.Pause()
	t.Cleanup(server.Continue)
	start := time.Now()
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			if known, err := s.HasOrigin(t.Context(), page); err == nil {
				t.Errorf("got %v of a Redis that was never asked", known)
			}
		})
	}
	group.Wait()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%d callers took %s", callers, took)
	}
	server.Continue()
	pageOf(t, s, false, 5*time.Second)
}

// One script holds Redis up for everybody, so what an administrator changes of one client must not
// cost what all of them have registered.
func TestOrigins_AChangeCostsRedisTheSameHoweverManyHaveSome(t *testing.T) {
	const others, changes = 2000, 100
	server := redistest.Start(t)
	s := open(t, server.Addr, "p")
	var group sync.WaitGroup
	for worker := range 20 {
		group.Go(func() {
			for i := worker; i < others; i += 20 {
				id := strconv.Itoa(i)
				c := &oauth.Client{ID: "app-" + id, AllowedOrigins: []string{"https://app-" + id + ".example", "https://www.app-" + id + ".example"}}
				if err := s.CreateClient(t.Context(), c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	c := &oauth.Client{ID: "app", AllowedOrigins: []string{page}}
	if err := s.CreateClient(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	redis(t, server, "CONFIG", "RESETSTAT")
	for c.Version = 1; c.Version <= changes; c.Version++ {
		if err := s.UpdateClient(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	per := stat(t, server, "evalsha", "usec") / stat(t, server, "evalsha", "calls") // of two scripts, one of which is cheap
	if per > 500 {
		t.Errorf("with %d other clients a script holds Redis up for %d µs", others, per)
	}
	pageOf(t, s, true, 0)
	pieces, took := stat(t, server, "hscan", "calls"), stat(t, server, "hscan", "usec")
	if pieces < others/1000 {
		t.Errorf("all origins are read in %d pieces", pieces)
	}
	t.Logf("a script costs %d µs, reading all origins %d µs in %d pieces", per, took, pieces)
}

func TestOrigins_OfEarlierVersionsAreReadAndTakenOver(t *testing.T) {
	server, prefix := redistest.Shared(t)
	s := open(t, server.Addr, prefix)
	earlier := prefix + ":origins"
	redis(t, server, "SET", earlier, `{"app":{"created":1,"version":2,"origins":["`+page+`"]},"old":{"created":1,"version":1,"origins":["https://old.example"]}}`)
	knows := func(origin string, want bool) {
		t.Helper()
		for _, node := range []*redistore.Store{s, open(t, server.Addr, prefix)} {
			if got, err := node.HasOrigin(t.Context(), origin); err != nil || got != want {
				t.Errorf("%s: %v, %v, want %v", origin, got, err, want)
			}
		}
	}
	knows(page, true)
	register := func(id string, version int64, origins ...string) {
		t.Helper()
		c := &oauth.Client{ID: id, AllowedOrigins: origins, CreatedAt: time.UnixMilli(1), Version: version}
		if err := s.CreateClient(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	register("new", 0, "https://new.example")
	for _, origin := range []string{page, "https://old.example", "https://new.example"} {
		knows(origin, true)
	}
	register("app", 0) // version 1: what is noted of version 2 stands
	knows(page, true)
	if err := s.DeleteClient(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	knows(page, false)
	knows("https://old.example", true)
	if left := redis(t, server, "PTTL", earlier); !expires(left) {
		t.Error("what was taken over stays for ever")
	}

	// A node of the earlier version, which serves beside ours, writes all it knows.
	redis(t, server, "SET", earlier, `{"late":{"created":2,"version":1,"origins":["https://late.example"]},"new":{"created":1,"version":0,"origins":["https://stale.example"]}}`)
	register("newer", 0, "https://newer.example")
	for _, origin := range []string{"https://late.example", "https://old.example", "https://new.example", "https://newer.example"} {
		knows(origin, true)
	}
	knows("https://stale.example", false)
}

func expires(pttl rueidis.RedisMessage) bool {
	ms, err := pttl.AsInt64()
	return err == nil && ms > 0
}
