package redisx_test

import (
	"cmp"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// timeout is for tests of what happens while Redis is silent; to all others it gives long enough on a busy
// machine.
const timeout = 250 * time.Millisecond

func open(t *testing.T, cfg redisx.Config) *redisx.Client {
	t.Helper()
	cfg.Timeout = cmp.Or(cfg.Timeout, 5*time.Second)
	c, err := redisx.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func get(c *redisx.Client, key string) (string, error) {
	message, err := c.Do(context.Background(), "get", c.B().Get().Key(key).Build())
	if err != nil {
		return "", err
	}
	return message.ToString()
}

func set(c *redisx.Client, key, value string) error {
	_, err := c.Do(context.Background(), "set", c.B().Set().Key(key).Value(value).Build())
	return err
}

// fastest is the least time that one of three takes: what is slow by itself is slow each time, a busy machine
// is not.
func fastest(run func() time.Duration) time.Duration {
	return min(run(), run(), run())
}

// awaitUp returns when Redis answers, at the latest 5 s after it came back.
func awaitUp(t *testing.T, c *redisx.Client) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err = c.Ping(context.Background()); err == nil {
			return
		}
	}
	t.Fatal("not back after 5 s: ", err)
}

func TestOpen_TakesOneAddress(t *testing.T) {
	for _, addresses := range [][]string{nil, {"127.0.0.1:1", "127.0.0.1:2"}} {
		if _, err := redisx.Open(redisx.Config{Addresses: addresses}); err == nil {
			t.Errorf("Open(%v) succeeded", addresses)
		}
	}
}

func TestOpen_WorksBeforeRedisDoes(t *testing.T) {
	s := redistest.Start(t)
	s.Stop()
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	if _, err := get(c, "k"); !errors.Is(err, redisx.ErrUnavailable) {
		t.Fatalf("get without Redis: %v", err)
	}
	s.Restart()
	awaitUp(t, c)
}

func TestOpen_DoesNotHangOnAnAddressThatIsSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	took := fastest(func() time.Duration {
		start := time.Now()
		c := open(t, redisx.Config{Addresses: []string{l.Addr().String()}, Timeout: timeout})
		if _, err := get(c, "k"); !errors.Is(err, redisx.ErrUnavailable) {
			t.Fatalf("get from a silent server: %v", err)
		}
		return time.Since(start)
	})
	if took > 4*timeout {
		t.Fatalf("took %v", took)
	}
}

func TestDo_TellsAbsentFromUnavailable(t *testing.T) {
	s, prefix := redistest.Shared(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	if _, err := get(c, prefix+"none"); err != redisx.ErrNil {
		t.Errorf("absent key: %v", err)
	}
	if err := set(c, prefix+"k", "v"); err != nil {
		t.Fatal(err)
	}
	if v, err := get(c, prefix+"k"); v != "v" || err != nil {
		t.Errorf("present key: %q, %v", v, err)
	}
	_, err := c.Do(context.Background(), "hget", c.B().Hget().Key(prefix+"k").Field("f").Build())
	if !errors.Is(err, redisx.ErrUnavailable) {
		t.Errorf("a command that Redis cannot run: %v", err)
	}
}

func TestDo_AnswersInTimeWhileRedisHangs(t *testing.T) {
	s := redistest.Start(t)
	slowest := fastest(func() time.Duration {
		c := open(t, redisx.Config{Addresses: []string{s.Addr}, Timeout: timeout})
		awaitUp(t, c)
		s.Pause()
		var slowest atomic.Int64
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 8 { // long enough that the connection is given up and dialled again
					start := time.Now()
					_, err := get(c, "k")
					if !errors.Is(err, redisx.ErrUnavailable) {
						t.Errorf("get from a hanging Redis: %v", err)
					}
					for took, old := int64(time.Since(start)), slowest.Load(); took > old && !slowest.CompareAndSwap(old, took); {
						old = slowest.Load()
					}
				}
			})
		}
		wg.Wait()
		s.Continue()
		awaitUp(t, c)
		return time.Duration(slowest.Load())
	})
	if slowest > 3*timeout {
		t.Errorf("one took %v", slowest)
	}
}

func TestDo_ComesBackAfterACrash(t *testing.T) {
	s := redistest.Start(t, "--appendfsync", "always")
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	if err := set(c, "k", "v"); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	awaitUp(t, c)
	if v, err := get(c, "k"); v != "v" || err != nil {
		t.Fatalf("after the crash: %q, %v", v, err)
	}
}

func TestDoMulti_KeepsOrder(t *testing.T) {
	s, prefix := redistest.Shared(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	set(c, prefix+"b", "2")
	replies := c.DoMulti(context.Background(), "get",
		c.B().Get().Key(prefix+"a").Build(),
		c.B().Get().Key(prefix+"b").Build(),
		c.B().Lpop().Key(prefix+"b").Build())
	if len(replies) != 3 || replies[0].Err != redisx.ErrNil || replies[1].String() == "" || !errors.Is(replies[2].Err, redisx.ErrUnavailable) {
		t.Fatalf("replies: %v", replies)
	}
	if v, err := replies[1].ToString(); v != "2" || err != nil {
		t.Fatalf("second reply: %q, %v", v, err)
	}
}

func TestObserve_SeesEveryCommandOnce(t *testing.T) {
	s, prefix := redistest.Shared(t)
	type seen struct {
		op     string
		failed bool
	}
	var got []seen
	c := open(t, redisx.Config{Addresses: []string{s.Addr}, Observe: func(op string, took time.Duration, err error) {
		if took <= 0 {
			t.Errorf("%s took %v", op, took)
		}
		got = append(got, seen{op, err != nil})
	}})
	get(c, prefix+"none")
	c.DoMulti(context.Background(), "many", c.B().Get().Key(prefix+"none").Build())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c.Ping(ctx)
	want := []seen{{"get", false}, {"many", false}, {"ping", true}}
	if len(got) != len(want) {
		t.Fatalf("observed %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("observation %d: %v, want %v", i, got[i], want[i])
		}
	}
}
