package redistore_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

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
		pageOf(t, b, false, time.Second)
		if err := a.CreateClient(t.Context(), &oauth.Client{ID: "app", AllowedOrigins: []string{page}, CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		pageOf(t, a, true, 0)
		pageOf(t, b, true, time.Second)
		if err := a.DeleteClient(t.Context(), "app"); err != nil {
			t.Fatal(err)
		}
		pageOf(t, a, false, 0)
	}
	pageOf(t, b, false, time.Second)
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
	before := reads(t, server)
	for begin, i := time.Now(), 0; time.Since(begin) < 2*time.Second; i++ {
		if known, err := s.HasOrigin(t.Context(), "https://evil-"+strconv.Itoa(i)+".example"); err != nil || known {
			t.Fatal(known, err)
		}
	}
	if n := reads(t, server) - before; n > 1 { // one where what is remembered ends just now
		t.Errorf("Redis was asked %d times", n)
	}
}

// reads counts the GETs that Redis has answered.
func reads(t *testing.T, server *redistest.Server) int {
	t.Helper()
	message := redis(t, server, "INFO", "commandstats")
	stats, err := message.ToString()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(stats, "cmdstat_get:calls=")
	if !found {
		return 0
	}
	digits, _, _ := strings.Cut(rest, ",")
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOrigins_WhatWasKnownOutlivesAnOutage(t *testing.T) {
	server := redistest.Start(t)
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
	redis(t, server, "SET", prefix+":origins", "{}")
	pageOf(t, s, false, time.Second)
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
