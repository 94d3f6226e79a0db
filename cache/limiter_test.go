package cache

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"
)

var begin = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newTestLimiter(t *testing.T, rate string) *Limiter {
	t.Helper()
	r, err := ParseRate(rate)
	if err != nil {
		t.Fatal(err)
	}
	return NewLimiter(r, func() time.Time { return begin })
}

func TestParseRate_ReadsWhatTheConfigurationSays(t *testing.T) {
	for text, want := range map[string]Rate{
		"off":               {},
		"200/s burst 400":   {200, 400},
		"5/m burst 10":      {5.0 / 60, 10},
		"90/h":              {0.025, 1},
		"1/h burst 168":     {1.0 / 3600, 168},
		"100/s":             {100, 100},
		"  7/s   burst  1 ": {7, 1},
	} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("ParseRate(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseRate_RefusesEverythingElse(t *testing.T) {
	for _, text := range []string{"", "on", "5", "5/", "/s", "5/d", "-5/s", "0/s", "5/s burst", "5/s burst 0", "5/s burst x",
		"5/s burst 1 2", "5/s bursts 3", "5.5/s", "99999999999/s", "5/s burst 99999999999", "NaN/s", "5 /s", "1/h burst 169", "1/h burst 1000000000"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("ParseRate(%q) = %v, want an error", text, got)
		}
	}
}

func TestLimiter_AllowsABurstThenTheRate(t *testing.T) {
	l := newTestLimiter(t, "10/s burst 5")
	for i := range 5 {
		if wait := l.AllowName("a", 1, begin); wait != 0 {
			t.Fatalf("event %d of the burst must wait %v", i, wait)
		}
	}
	if wait := l.AllowName("a", 1, begin); wait != 100*time.Millisecond {
		t.Errorf("past the burst the wait is %v, want 100ms", wait)
	}
	if wait := l.AllowName("b", 1, begin); wait != 0 {
		t.Errorf("another name must wait %v", wait)
	}
	if wait := l.AllowName("a", 1, begin.Add(100*time.Millisecond)); wait != 0 {
		t.Errorf("after the wait it must wait %v more", wait)
	}
}

func TestLimiter_RefusedEventsCostNothing(t *testing.T) {
	l := newTestLimiter(t, "1/s burst 1")
	l.AllowName("a", 1, begin)
	for range 1000 {
		l.AllowName("a", 1, begin)
	}
	if wait := l.AllowName("a", 1, begin.Add(time.Second)); wait != 0 {
		t.Errorf("refused events were counted: wait %v", wait)
	}
}

func TestLimiter_MoreThanABurstAtOncePassesWhenFull(t *testing.T) {
	l := newTestLimiter(t, "10/s burst 5")
	if wait := l.AllowName("a", 100, begin); wait != 0 {
		t.Errorf("100 events of a full allowance must wait %v, would never pass", wait)
	}
	if wait := l.AllowName("a", 1, begin); wait == 0 {
		t.Error("100 events left something of a burst of 5")
	}
}

func TestLimiter_CountsIPv6BySubscriberAndMappedIPv4AsIPv4(t *testing.T) {
	l := newTestLimiter(t, "1/s burst 1")
	check := func(addr string, free bool) {
		t.Helper()
		if got := l.AllowAddr(netip.MustParseAddr(addr), 1, begin) == 0; got != free {
			t.Errorf("%s: free = %v, want %v", addr, got, free)
		}
	}
	check("2001:db8:1:2::1", true)
	check("2001:db8:1:2:ffff::9", false) // the same /64
	check("2001:db8:1:3::1", true)
	check("10.0.0.1", true)
	check("::ffff:10.0.0.1", false)
	check("10.0.0.2", true)
}

func TestLimiter_NameAndAddressCountTogether(t *testing.T) {
	l := newTestLimiter(t, "1/s burst 1")
	home, elsewhere := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	if l.AllowNameAt("alice", home, begin) != 0 {
		t.Fatal("the first attempt must pass")
	}
	if l.AllowNameAt("alice", home, begin) == 0 {
		t.Error("the second attempt passed")
	}
	if l.AllowNameAt("alice", elsewhere, begin) != 0 || l.AllowNameAt("bob", home, begin) != 0 {
		t.Error("another address or another name was held to account")
	}
}

func TestLimiter_OffAllowsEverything(t *testing.T) {
	l := NewLimiter(Rate{}, time.Now)
	for range 1000 {
		if l.AllowName("a", 1, begin) != 0 || l.AllowAddr(netip.Addr{}, 1, begin) != 0 || l.AllowNameAt("a", netip.Addr{}, begin) != 0 {
			t.Fatal("a limiter that is off refused")
		}
	}
}

func TestLimiter_MemoryIsBounded(t *testing.T) {
	l := newTestLimiter(t, "1/h burst 1")
	for i := range 2 * limiterShards * shardCapacity {
		l.AllowName(fmt.Sprint(i), 1, begin)
	}
	for i := range l.shards {
		if n := len(l.shards[i].keys); n > shardCapacity {
			t.Fatalf("shard %d holds %d keys, more than %d", i, n, shardCapacity)
		}
	}
}

func TestLimiter_RoomIsMadeOfKeysThatAreFullAgain(t *testing.T) {
	l := newTestLimiter(t, "1/s burst 1")
	shard := &l.shards[0]
	for i := range uint64(shardCapacity - 1) {
		l.spend(i*limiterShards, &subject{}, 1, 0)
	}
	later := time.Hour
	busy := uint64(shardCapacity * 2 * limiterShards)
	l.spend(busy, &subject{}, 1, later)
	l.spend(busy+limiterShards, &subject{}, 1, later) // makes room
	if len(shard.keys) != 2 {
		t.Errorf("%d keys are left, want the 2 busy ones", len(shard.keys))
	}
	if l.spend(busy, &subject{}, 1, later) == 0 {
		t.Error("a busy key was forgotten while idle ones could go")
	}
}

func TestLimiter_RacingCallersShareOneAllowance(t *testing.T) {
	l := newTestLimiter(t, "1/h burst 100")
	var passed sync.Map
	var wg sync.WaitGroup
	for worker := range 32 {
		wg.Go(func() {
			for i := range 100 {
				if l.AllowName("a", 1, begin) == 0 {
					passed.Store([2]int{worker, i}, true)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	passed.Range(func(any, any) bool { n++; return true })
	if n != 100 {
		t.Errorf("%d events passed, want exactly the burst of 100", n)
	}
}

func TestLimiter_CountsWithoutAllocating(t *testing.T) {
	l := newTestLimiter(t, "1000000/s burst 1000000")
	addr := netip.MustParseAddr("2001:db8::1")
	l.AllowAddr(addr, 1, begin)
	l.AllowNameAt("alice", addr, begin)
	if n := testing.AllocsPerRun(1000, func() {
		l.AllowAddr(addr, 1, begin)
		l.AllowNameAt("alice", addr, begin)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkLimiter(b *testing.B) {
	l := NewLimiter(Rate{PerSecond: 1e6, Burst: 1e6}, time.Now)
	addr := netip.MustParseAddr("10.0.0.1")
	b.ReportAllocs()
	for b.Loop() {
		l.AllowAddr(addr, 1, begin)
	}
}
