package redisx_test

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/cache"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// settled is the limiter of one process that settles with a Redis until the test ends.
func settled(t *testing.T, client *redisx.Client, prefix, rate string) *cache.Limiter {
	t.Helper()
	parsed, err := cache.ParseRate(rate)
	if err != nil {
		t.Fatal(err)
	}
	l, shared := cache.NewLimiter(parsed, time.Now), redisx.NewSharedLimits(client, prefix)
	l.Share("test", shared.Wake())
	var debts []cache.Debt
	shared.Add(redisx.Limit{Settle: l.Settle, Take: func(dst []redisx.Spent) []redisx.Spent {
		debts = l.TakeDebts(debts[:0])
		for _, d := range debts {
			dst = append(dst, redisx.Spent{Key: d.Key, Name: d.Name, Amount: d.Spent})
		}
		return dst
	}})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { shared.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return l
}

var limitedAddr = netip.MustParseAddr("2001:db8::1")

// offer asks for so many events a second, evenly, from start on until the time is over, and returns how many
// passed, and when the last was asked for.
func offer(l *cache.Limiter, perSecond float64, start, until time.Time) (passed int, last time.Time) {
	const every = time.Millisecond
	offered := 0
	for now := time.Now(); now.Before(until); now = time.Now() {
		for ; float64(offered) < perSecond*now.Sub(start).Seconds(); offered++ {
			if last = time.Now(); l.AllowAddr(limitedAddr, 1, last) == 0 {
				passed++
			}
		}
		time.Sleep(every)
	}
	return passed, last
}

func TestSharedLimits_ManyProcessesKeepOneLimitAtTenTimesIt(t *testing.T) {
	const lasts = 4 * time.Second
	server, prefix := redistest.Shared(t)
	for i, c := range []struct {
		rate      string
		processes int
		share     []float64 // of what is offered, for each; nil: alike
	}{
		{"200/s burst 400", 2, nil}, {"100/s burst 200", 5, nil}, {"50/s burst 100", 2, []float64{0.85, 0.15}}, {"300/m burst 10", 2, nil},
	} {
		t.Run(fmt.Sprint(c.processes, " at ", c.rate), func(t *testing.T) {
			t.Parallel()
			rate, _ := cache.ParseRate(c.rate)
			var processes []*cache.Limiter
			for range c.processes {
				processes = append(processes, settled(t, open(t, redisx.Config{Addresses: []string{server.Addr}}), fmt.Sprint(prefix, ":", i), c.rate))
			}
			var passed, offered atomic.Int64 // how many, and in how much time: a busy machine ends too early, or too late
			var group sync.WaitGroup
			start := time.Now()
			for n, l := range processes {
				share := 1 / float64(c.processes)
				if c.share != nil {
					share = c.share[n]
				}
				group.Go(func() {
					mine, last := offer(l, 10*rate.PerSecond*share, start, start.Add(lasts))
					passed.Add(int64(mine))
					for took, old := int64(last.Sub(start)), offered.Load(); took > old && !offered.CompareAndSwap(old, took); {
						old = offered.Load()
					}
				})
			}
			group.Wait()
			limit := float64(rate.Burst) + rate.PerSecond*time.Duration(offered.Load()).Seconds()
			over := (float64(passed.Load())/limit - 1) * 100
			t.Logf("of %.0f that the limit allows, %d passed: %+.1f %%", limit, passed.Load(), over)
			if over > 5 || over < -5 {
				t.Errorf("%d passed, %+.1f %% of the limit", passed.Load(), over)
			}
		})
	}
}

// scripts is how many scripts a Redis has run.
func scripts(t *testing.T, s *redistest.Server) int {
	t.Helper()
	for line := range strings.Lines(s.Text(t, "INFO", "commandstats")) {
		if calls, ok := strings.CutPrefix(line, "cmdstat_evalsha:calls="); ok {
			n, _ := strconv.Atoi(calls[:strings.IndexByte(calls, ',')])
			return n
		}
	}
	return 0
}

func TestSharedLimits_ALimitedEventAsksNothingOfRedis(t *testing.T) {
	server := redistest.Start(t)
	l := settled(t, open(t, redisx.Config{Addresses: []string{server.Addr}}), "p", "5/m burst 10")
	for range 20 {
		l.AllowAddr(limitedAddr, 1, time.Now())
	}
	awaitTrue(t, func() bool { return scripts(t, server) > 0 })
	time.Sleep(50 * time.Millisecond)
	before := scripts(t, server)
	for range 100_000 {
		if l.AllowAddr(limitedAddr, 1, time.Now()) == 0 {
			t.Fatal("an event passed")
		}
	}
	time.Sleep(50 * time.Millisecond)
	if n := scripts(t, server) - before; n != 0 {
		t.Errorf("100,000 limited events made %d scripts run", n)
	}
}

func awaitTrue(t *testing.T, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !yes(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come about within 10 s")
		}
	}
}

func TestSharedLimits_WhileRedisIsAwayEachProcessGoesByItself(t *testing.T) {
	server := redistest.Start(t)
	cfg := redisx.Config{Addresses: []string{server.Addr}, Timeout: timeout}
	one, two := settled(t, open(t, cfg), "p", "1/h burst 100"), settled(t, open(t, cfg), "p", "1/h burst 100")
	spend := func(l *cache.Limiter, name string, n int) (passed int) {
		start := time.Now()
		for range n {
			if l.AllowName(name, 1, time.Now()) == 0 {
				passed++
			}
		}
		if took := time.Since(start); took > 200*time.Millisecond {
			t.Errorf("%d events took %v: they waited for somebody", n, took)
		}
		return passed
	}
	for what, change := range map[string][2]func(){
		"hangs":   {server.Pause, server.Continue},
		"is dead": {server.Kill, server.Restart},
	} {
		t.Run("it "+what, func(t *testing.T) {
			change[0]()
			defer change[1]()
			a, b := 0, 0
			for range 3 {
				a, b = a+spend(one, what, 100), b+spend(two, what, 100)
				time.Sleep(100 * time.Millisecond)
			}
			if a != 100 || b != 100 {
				t.Errorf("%d and %d passed, each allows 100", a, b)
			}
		})
		t.Run("it is back after it "+what, func(t *testing.T) {
			again := what + " again"
			awaitTrue(t, func() bool { // what could not be told is forgotten, so somebody begins anew
				again += "."
				spend(one, again, 100)
				time.Sleep(50 * time.Millisecond)
				spend(two, again, 1)
				time.Sleep(50 * time.Millisecond)
				return spend(two, again, 100) < 50
			})
		})
	}
}

func TestSharedLimits_KeysAreHashesThatExpire(t *testing.T) {
	server := redistest.Start(t)
	l := settled(t, open(t, redisx.Config{Addresses: []string{server.Addr}}), "p", "2/s burst 5")
	for range 5 {
		for _, name := range []string{"alice{x}", "bob", "carol", "dave"} {
			l.AllowNameAt(name, limitedAddr, time.Now())
		}
	}
	awaitTrue(t, func() bool { return server.Text(t, "DBSIZE") == "4" })
	keys, _ := server.Do("KEYS", "*")
	for _, key := range keys.([]any) {
		if !regexp.MustCompile(`^p:limit:\{[0-9a-f]\}:[\w-]{22}$`).MatchString(key.(string)) {
			t.Errorf("key %q", key)
		}
		if left, _ := strconv.Atoi(server.Text(t, "PTTL", key.(string))); left <= 0 || left > 2600 {
			t.Errorf("key %q lives %d ms, its allowance is full within 2.5 s", key, left)
		}
	}
	awaitTrue(t, func() bool { return server.Text(t, "DBSIZE") == "0" })
}

func TestSharedLimits_SettleInAClusterAndAsTheDocumentedUser(t *testing.T) {
	check := func(t *testing.T, cfg redisx.Config) {
		one, two := settled(t, open(t, cfg), "tollgate", "1/h burst 10"), settled(t, open(t, cfg), "tollgate", "1/h burst 10")
		for i := range 40 { // in all slots
			for range 10 {
				one.AllowName(fmt.Sprint(i), 1, time.Now())
			}
		}
		for i := range 40 {
			awaitTrue(t, func() bool { return two.AllowName(fmt.Sprint(i), 1, time.Now()) > 0 })
		}
	}
	t.Run("a cluster", func(t *testing.T) {
		check(t, redisx.Config{Mode: redisx.Cluster, Addresses: redistest.StartCluster(t).Addresses})
	})
	t.Run("the documented user", func(t *testing.T) {
		acl, err := filepath.Abs("../deploy/redis.acl")
		if err != nil {
			t.Fatal(err)
		}
		check(t, redisx.Config{Addresses: []string{redistest.Start(t, "--include", acl).Addr}, Username: "tollgate", Password: "change-me"})
	})
}

func TestSharedLimits_NoScriptRunsLong(t *testing.T) {
	const keys, most = 1000, 128
	server := redistest.Start(t)
	shared := redisx.NewSharedLimits(open(t, redisx.Config{Addresses: []string{server.Addr}}), "p")
	var heard atomic.Int64
	once := true
	shared.Add(redisx.Limit{
		Take: func(dst []redisx.Spent) []redisx.Spent {
			for i := 0; once && i < keys; i++ {
				dst = append(dst, redisx.Spent{Key: uint64(i), Name: [16]byte{0, byte(i), byte(i >> 8)}, Amount: time.Minute})
			}
			once = false
			return dst
		},
		Settle: func(uint64, time.Time, time.Duration) { heard.Add(1) },
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { shared.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	shared.Wake() <- struct{}{}
	awaitTrue(t, func() bool { return heard.Load() == keys })
	runs := 0
	for line := range strings.Lines(server.Text(t, "INFO", "commandstats")) {
		if calls, found := strings.CutPrefix(line, "cmdstat_eval"); found { // EVALSHA, and EVAL where it was not known
			_, calls, _ = strings.Cut(calls, "calls=")
			calls, _, _ = strings.Cut(calls, ",")
			n, _ := strconv.Atoi(calls)
			runs += n
		}
	}
	if least := (keys + most - 1) / most; runs < least {
		t.Errorf("%d keys of one slot were settled by %d runs of the script, want %d at least", keys, runs, least)
	}
}
