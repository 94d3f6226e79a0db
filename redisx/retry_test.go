package redisx_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// killing ends every connection of the server but its own, again and again, while the test runs.
func killing(t *testing.T, s *redistest.Server, every time.Duration) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			s.Do("CLIENT", "KILL", "TYPE", "normal")
			time.Sleep(every)
		}
	})
	return func() { cancel(); wg.Wait() }
}

func TestRetry_ReadsOutliveALostConnection(t *testing.T) {
	s := redistest.Start(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	set(c, "k", "v")
	for i := range 500 {
		if i%25 == 0 { // more reads between two losses than one repetition costs
			s.Do("CLIENT", "KILL", "TYPE", "normal")
		}
		if v, err := get(c, "k"); v != "v" {
			t.Fatalf("read %d: %q, %v", i, v, err)
		}
	}
}

func TestRetry_WritesAreNeverRepeated(t *testing.T) {
	s := redistest.Start(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	count := redisx.NewScript("return redis.call('INCR', KEYS[1])")
	stop := killing(t, s, 10*time.Millisecond)
	var sent, acknowledged atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				sent.Add(1)
				if _, err := count.Exec(context.Background(), c, "count", []string{"n"}); err == nil {
					acknowledged.Add(1)
				} else if !errors.Is(err, redisx.ErrUnavailable) {
					t.Errorf("said %v", err)
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	wg.Wait()
	stop()
	awaitUp(t, c)
	message, err := c.Do(context.Background(), "get", c.B().Get().Key("n").Build())
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := message.AsInt64(); n < acknowledged.Load() || n > sent.Load() {
		t.Errorf("ran %d times; %d were sent, %d acknowledged", n, sent.Load(), acknowledged.Load())
	}
	if acknowledged.Load() == sent.Load() {
		t.Error("no connection was lost, so nothing was tested")
	}
}

// Row F47: an outage does not multiply what we ask.
func TestRetry_AttemptsStayATenthAboveCommands(t *testing.T) {
	s := redistest.Start(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	set(c, "k", "v")
	s.Text(t, "CONFIG", "RESETSTAT")
	stop := killing(t, s, 5*time.Millisecond)
	const commands = 2000
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range commands / 20 {
				get(c, "k")
			}
		})
	}
	wg.Wait()
	stop()
	calls := callsOf(t, s, "get")
	if calls > commands*11/10+10 {
		t.Errorf("%d attempts for %d commands", calls, commands)
	}
}

// callsOf is how many commands of a name the server has run.
func callsOf(t *testing.T, s *redistest.Server, name string) int {
	t.Helper()
	_, after, found := strings.Cut(s.Text(t, "INFO", "commandstats"), "cmdstat_"+name+":calls=")
	if !found {
		return 0
	}
	digits, _, _ := strings.Cut(after, ",")
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestScript_ThatIsIdempotentIsRepeated(t *testing.T) {
	s := redistest.Start(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	once := redisx.NewScript("return redis.call('SET', KEYS[1], ARGV[1])").Idempotent()
	for i := range 300 {
		var killed sync.WaitGroup
		if i%25 == 0 { // at the same time as a run, and more runs between two losses than one repetition costs
			killed.Go(func() { s.Do("CLIENT", "KILL", "TYPE", "normal") })
		}
		if _, err := once.Exec(context.Background(), c, "set", []string{"k"}, "v"); err != nil {
			t.Fatalf("run %d: %v", i, err)
		}
		killed.Wait()
	}
}

func TestScript_IsHandedOverAgainAfterItWasForgotten(t *testing.T) {
	s := redistest.Start(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}})
	count := redisx.NewScript("return redis.call('INCR', KEYS[1])")
	for want := range int64(3) {
		message, err := count.Exec(context.Background(), c, "count", []string{"n"})
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := message.AsInt64(); n != want+1 {
			t.Errorf("counted %d", n)
		}
		s.Text(t, "SCRIPT", "FLUSH")
	}
}

func TestBreaker_AnswersAtOnceAndRecovers(t *testing.T) {
	s := redistest.Start(t)
	c := open(t, redisx.Config{Addresses: []string{s.Addr}, Timeout: timeout})
	set(c, "k", "v")
	s.Pause()
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() { set(c, "k", "w") })
	}
	wg.Wait()
	took := fastest(func() time.Duration { // one of them may be the one that finds out whether Redis is back
		start := time.Now()
		if err := set(c, "k", "w"); !errors.Is(err, redisx.ErrUnavailable) {
			t.Errorf("said %v", err)
		}
		return time.Since(start)
	})
	if took > 20*time.Millisecond {
		t.Errorf("took %v", took)
	}
	s.Continue()
	awaitUp(t, c)
}
