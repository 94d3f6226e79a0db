package redisx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// says returns a client of a Redis that greets as one does and answers everything else with a line: soon
// enough even on a busy machine, unless there is no line.
func says(t *testing.T, line string) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go converse(conn, line)
		}
	}()
	timeout := 10 * time.Second
	if line == "" {
		timeout = 100 * time.Millisecond
	}
	c, err := Open(Config{Addresses: []string{l.Addr().String()}, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// converse reads commands: "*n", then n times "$length" and the word.
func converse(conn net.Conn, line string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		var n, length int
		if _, err := fmt.Fscanf(in, "*%d\r\n", &n); err != nil {
			return
		}
		first := ""
		for i := range n {
			if _, err := fmt.Fscanf(in, "$%d\r\n", &length); err != nil {
				return
			}
			word := make([]byte, length+2)
			if _, err := io.ReadFull(in, word); err != nil {
				return
			}
			if i == 0 {
				first = string(word[:length])
			}
		}
		switch {
		case first == "HELLO":
			fmt.Fprint(conn, "%2\r\n+version\r\n+7.0.0\r\n+proto\r\n:3\r\n")
		case first == "CLIENT":
			fmt.Fprint(conn, "+OK\r\n")
		case line == "hang up":
			return
		case line != "":
			fmt.Fprint(conn, line+"\r\n")
		}
	}
}

// What counts against Redis, one row each: after that many of it the breaker is open, or not.
func TestBreaker_WhatCountsAsFailure(t *testing.T) {
	for _, row := range []struct {
		what string
		line string
		fail bool
	}{
		{"an answer", "+OK", false},
		{"a nil reply", "_", false},
		{"WRONGTYPE", "-WRONGTYPE Operation against a key holding the wrong kind of value", false},
		{"ERR", "-ERR unknown command", false},
		{"NOPERM", "-NOPERM this user has no permissions to run the 'get' command", false},
		{"OOM", "-OOM command not allowed when used memory > 'maxmemory'.", false},
		{"MISCONF", "-MISCONF Redis is configured to save RDB snapshots", false},
		{"NOREPLICAS", "-NOREPLICAS Not enough good replicas to write.", false},
		{"TRYAGAIN", "-TRYAGAIN Multiple keys request during rehashing of slot", false},
		{"LOADING", "-LOADING Redis is loading the dataset in memory", true},
		{"READONLY", "-READONLY You can't write against a read only replica.", true},
		{"CLUSTERDOWN", "-CLUSTERDOWN The cluster is down", true},
		{"MASTERDOWN", "-MASTERDOWN Link with MASTER is down", true},
		{"BUSY", "-BUSY Redis is busy running a script.", true},
		{"BUSYGROUP, which is another word", "-BUSYGROUP Consumer Group name already exists", false},
		{"NOAUTH", "-NOAUTH Authentication required.", true},
		{"a connection that ends", "hang up", true},
		{"no reply in time", "", true},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			c := says(t, row.line)
			done := make(chan error, 2*breakerVolume)
			for range cap(done) {
				go func() {
					_, err := c.Do(context.Background(), "set", c.B().Set().Key("k").Value("v").Build())
					done <- err
				}()
			}
			for range cap(done) {
				if err := <-done; err != nil && err != ErrNil && !errors.Is(err, ErrUnavailable) {
					t.Errorf("said %v", err)
				}
			}
			_, err := c.Do(context.Background(), "set", c.B().Set().Key("k").Value("v").Build())
			if open := isRefusal(err); open != row.fail {
				t.Fatalf("open is %v after %d: %v", open, cap(done), err)
			}
			if word := strings.Trim(firstWord(row.line), "-"); row.fail && row.line != "hang up" && !strings.Contains(err.Error(), word) {
				t.Errorf("does not say why: %v", err)
			}
			took := time.Hour
			for range 3 { // the fastest counts: a busy machine holds up one or the other
				start := time.Now()
				_, _ = c.Do(context.Background(), "set", c.B().Set().Key("k").Value("v").Build())
				took = min(took, time.Since(start))
			}
			if row.fail && took > 10*time.Millisecond {
				t.Errorf("an open breaker took %v to say so", took)
			}
		})
	}
}

func TestBreaker_ACallerWhoLeavesCountsForNothing(t *testing.T) {
	c := says(t, "")
	for range 2 * breakerVolume {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := c.Ping(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if c.breakers.list[0].shut.Load() {
		t.Error("the breaker is open")
	}
}

func TestBreaker_FewFailuresDoNotOpenIt(t *testing.T) {
	c := says(t, "-LOADING Redis is loading the dataset in memory")
	for range breakerVolume - 1 {
		c.Do(context.Background(), "set", c.B().Set().Key("k").Value("v").Build())
	}
	if c.breakers.list[0].shut.Load() {
		t.Error("the breaker is open")
	}
}

func TestBreaker_OneRangeOfSlotsLeavesTheOthersAlone(t *testing.T) {
	all := newBreakers(Cluster)
	for range breakerVolume {
		p := permit{of: all}
		p.ask(0)
		p.ask(slotsOfAll - 1)
		p.note(0, io.EOF)
		p.note(0, nil) // the worst counts
		p.note(slotsOfAll-1, nil)
		p.end()
	}
	p := permit{of: all}
	if p.ask(1) || !p.ask(slotsOfAll-2) || !p.ask(noSlot) {
		t.Error("the wrong breaker is open")
	}
}

func TestBudget_ARepetitionCostsTenCommands(t *testing.T) {
	var b budget
	b.fill()
	for b.spend() {
	}
	repetitions := 0
	for range 1000 {
		b.earn()
		if b.spend() {
			repetitions++
		}
	}
	if repetitions != 100 {
		t.Errorf("%d repetitions for 1000 commands", repetitions)
	}
}

func TestPasses_OnlyWhatIsOverInAMoment(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for _, row := range []struct {
		ctx  context.Context
		err  error
		want bool
	}{
		{context.Background(), io.EOF, true},
		{context.Background(), rueidis.ErrDoCacheAborted, true},
		{context.Background(), nil, false},
		{context.Background(), rueidis.Nil, false},
		{context.Background(), rueidis.ErrClosing, false},
		{context.Background(), &refusal{io.EOF}, false},
		{context.Background(), errTooFewReplicas, false},
		{over, io.EOF, false},
	} {
		if got := passes(row.ctx, row.err); got != row.want {
			t.Errorf("passes(%v) is %v", row.err, got)
		}
	}
}

func TestChecks_AClockThatIsWrong(t *testing.T) {
	c := says(t, "*2\r\n$10\r\n1000000000\r\n$1\r\n0")
	f := &findings{cfg: &c.cfg, found: map[string][]string{}}
	if err := c.checkClock(context.Background(), node{}, f); err != nil || len(f.found["clock"]) != 1 {
		t.Errorf("found %q, %v", f.found, err)
	}
}

func TestChecks_VersionsAreNumbers(t *testing.T) {
	for version, want := range map[string]bool{"5.0.14": true, "6.0.16": true, "6.2.0": false, "6.2": false, "6.10.1": false, "7.0.15": false, "10.0": false, "6": true} {
		if got := older(version, leastVersion); got != want {
			t.Errorf("older(%q) is %v", version, got)
		}
	}
}
