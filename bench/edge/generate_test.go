//go:build linux

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
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
		fmt.Fprintf(w, `{"token":"n%03d"}`, n%1000)
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
	j := job{Address: address, PID: os.Getpid(), Connections: 2, Rotate: "token", Tokens: []string{"aaaa", "bbbb"}, Status: "200", Measure: 50 * time.Millisecond}
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
