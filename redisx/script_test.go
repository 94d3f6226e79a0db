package redisx_test

import (
	"context"
	"errors"
	"testing"

	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

func TestScript_RunsOnceWhetherKnownOrNot(t *testing.T) {
	s, prefix := redistest.Shared(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	count := redisx.NewScript("return redis.call('INCRBY', KEYS[1], ARGV[1]) -- " + prefix)
	for run := range int64(3) {
		message, err := count.Exec(context.Background(), c, "count", []string{prefix + "n"}, "1")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := message.AsInt64(); n != run+1 || err != nil {
			t.Fatalf("run %d counted %d, %v", run, n, err)
		}
	}
}

func TestScript_RunsSeveralTimesInOrder(t *testing.T) {
	s, prefix := redistest.Shared(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	echo := redisx.NewScript("return ARGV[1] -- " + prefix)
	for range 2 { // unknown, then known
		replies := c.ExecMulti(context.Background(), "echo",
			redisx.Call{Script: echo, Keys: []string{prefix + "a"}, Args: []string{"1"}},
			redisx.Call{Script: echo, Keys: []string{prefix + "b"}, Args: []string{"2"}})
		for i, want := range []string{"1", "2"} {
			if got, err := replies[i].ToString(); got != want || replies[i].Err != nil {
				t.Errorf("reply %d: %q, %v, %v", i, got, err, replies[i].Err)
			}
		}
	}
}

func TestScript_ItsFaultIsNoAnswer(t *testing.T) {
	s, prefix := redistest.Shared(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	_, err := redisx.NewScript("error('no')").Exec(context.Background(), c, "fault", []string{prefix})
	if !errors.Is(err, redisx.ErrUnavailable) {
		t.Fatalf("a faulty script: %v", err)
	}
	_, err = redisx.NewScript("return nil").Exec(context.Background(), c, "none", []string{prefix})
	if err != redisx.ErrNil {
		t.Fatalf("a script that returns nothing: %v", err)
	}
}
