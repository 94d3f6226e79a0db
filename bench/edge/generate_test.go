//go:build linux

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// numbered answers with the number of the request as a token; every third answer ends its connection.
func numbered(t *testing.T) (address string, count *atomic.Int64) {
	t.Helper()
	count = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := count.Add(1)
		if n%3 == 0 {
			w.Header().Set("Connection", "close")
		}
		if r.FormValue("last") == "bad0" {
			w.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprintf(w, `{"token":"n%06d"}`, n%1_000_000)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), count
}

func TestGenerate_EachRequestOnceOverConnectionsThatEnd(t *testing.T) {
	address, count := numbered(t)
	j := job{Address: address, PID: os.Getpid(), Connections: 4, Once: true, Collect: "token", Status: "200", Measure: 20 * time.Second}
	for range 100 {
		j.Requests = append(j.Requests, post(address, "/", "a", "b", "x=y"))
	}
	f, err := j.drive()
	if err != nil || f.Requests != 100 || count.Load() != 100 || f.Wrong != 0 || f.CPU <= 0 {
		t.Fatalf("%+v, %v; the server saw %d", f, err, count.Load())
	}
	seen := map[string]bool{}
	for _, token := range f.Tokens {
		seen[token] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d different tokens of 100", len(seen))
	}
}

func TestGenerate_EachConnectionSendsWhatItGotLast(t *testing.T) {
	address, _ := numbered(t)
	j := job{Address: address, PID: os.Getpid(), Connections: 2, Rotate: "token", Tokens: []string{"aaaaaaa", "bbbbbbb"}, Status: "200", Measure: time.Second}
	for _, token := range j.Tokens {
		j.Requests = append(j.Requests, post(address, "/", "a", "b", "last="+token))
	}
	f, err := j.drive()
	if err != nil || f.Requests == 0 || len(f.Tokens) != 2 || f.Tokens[0] == f.Tokens[1] || f.Tokens[0][0] != 'n' {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestGenerate_CountsWrongAnswersAndShowsOne(t *testing.T) {
	address, _ := numbered(t)
	j := job{Address: address, PID: os.Getpid(), Connections: 1, Once: true, Status: "200", Measure: 20 * time.Second,
		Requests: [][]byte{post(address, "/", "a", "b", "last=good"), post(address, "/", "a", "b", "last=bad0")}}
	f, err := j.drive()
	if err != nil || f.Requests != 2 || f.Wrong != 1 || !strings.HasPrefix(f.Sample, "HTTP/1.1 400 ") {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestGenerate_JunkIsNeverTheSameAndCountedApart(t *testing.T) {
	var mu sync.Mutex
	good := "e30.e30." + noise(64)
	seen, same := map[string]bool{}, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tok := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if tok == good {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if seen[tok] {
			same++
		}
		seen[tok] = true
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	j := job{Address: address, PID: os.Getpid(), Connections: 4, Status: "200", Measure: 500 * time.Millisecond,
		Requests: [][]byte{get(address, "/", good)}, Junk: junkFor(address, good)[:3]}
	f, err := j.drive()
	server.Close() // what was still being answered is done
	if err != nil || f.Requests == 0 || f.Junk < 10 || f.Wrong != 0 || same != 0 {
		t.Errorf("%+v, %v; %d of %d again", f, err, same, len(seen))
	}
	kinds := map[int]int{}
	for tok := range seen {
		kinds[strings.Count(tok, ".")]++
	}
	if kinds[0] == 0 || kinds[2] < 2*kinds[0]-2 || kinds[0]+kinds[2] != len(seen) {
		t.Errorf("by the dots in them: %v", kinds)
	}
}

func TestGenerate_KeepsThePaceAndCountsWaitingForAConnection(t *testing.T) {
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1) == 50 {
			time.Sleep(200 * time.Millisecond)
		}
	}))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	j := job{Address: address, PID: os.Getpid(), Connections: 1, Status: "200", PerSecond: 200, Measure: time.Second,
		Requests: [][]byte{get(address, "/", "x")}}
	f, err := j.drive()
	if err != nil || f.Requests < 60 || f.Requests > 201 { // 200, where the machine has the time
		t.Fatalf("%+v, %v", f, err)
	}
	if f.P99 < 150 { // they waited, although the server took long for one alone
		t.Errorf("p99 %.1f ms", f.P99)
	}
}

func TestGenerate_WhatIsShedIsCountedApart(t *testing.T) {
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	j := job{Address: address, PID: os.Getpid(), Connections: 2, Status: "200", Shed: true, Measure: 300 * time.Millisecond,
		Requests: [][]byte{get(address, "/", "x")}}
	if f, err := j.drive(); err != nil || f.Shed == 0 || f.Requests-f.Shed < -3 || f.Requests-f.Shed > 3 || f.Wrong != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	j.Shed = false
	if f, err := j.drive(); err != nil || f.Shed != 0 || f.Wrong == 0 {
		t.Errorf("%+v, %v", f, err)
	}
}
