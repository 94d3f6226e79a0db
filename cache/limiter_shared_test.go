package cache

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// newSharedLimiter returns a limiter that keeps book, and whom it wakes.
func newSharedLimiter(t *testing.T, name, rate string) (*Limiter, chan struct{}) {
	t.Helper()
	l, wake := newTestLimiter(t, rate), make(chan struct{}, 1)
	l.Share(name, wake)
	return l, wake
}

func woken(wake chan struct{}) bool {
	select {
	case <-wake:
		return true
	default:
		return false
	}
}

func TestShare_TellsOfWhatIsSpentOnce(t *testing.T) {
	l, wake := newSharedLimiter(t, "login", "1/s burst 10")
	l.AllowName("a", 3, begin)
	l.AllowName("b", 1, begin)
	if !woken(wake) {
		t.Fatal("nobody was woken")
	}
	debts := map[time.Duration]int{}
	for _, d := range l.TakeDebts(nil) {
		debts[d.Spent]++
	}
	if len(debts) != 2 || debts[3*time.Second] != 1 || debts[time.Second] != 1 {
		t.Errorf("debts %v, want one of 3 s and one of 1 s", debts)
	}
	if again := l.TakeDebts(nil); len(again) != 0 || woken(wake) {
		t.Errorf("told twice: %v", again)
	}
	l.AllowName("a", 1, begin)
	if more := l.TakeDebts(nil); len(more) != 1 || more[0].Spent != time.Second || !woken(wake) {
		t.Errorf("of the next event: %v", more)
	}
}

func TestShare_TellsNothingOfKeysThatAreQuiet(t *testing.T) {
	l, wake := newSharedLimiter(t, "per_ip", "200/s burst 400")
	now := begin
	for range 10_000 { // one in a hundred of the rate
		l.AllowName("a", 1, now)
		now = now.Add(500 * time.Millisecond)
	}
	if woken(wake) {
		t.Fatalf("a quiet key was told of: %v", l.TakeDebts(nil))
	}
	var told time.Duration
	for range 1000 { // a tenth
		l.AllowName("a", 1, now)
		now = now.Add(50 * time.Millisecond)
		for _, d := range l.TakeDebts(nil) {
			told += d.Spent
		}
	}
	if spent := 1000 * 5 * time.Millisecond; told < spent*95/100 || told > spent*102/100 {
		t.Errorf("of %v that a busy key spent, and a little before, %v was told", spent, told)
	}
}

func TestShare_RefusedEventsAreNotTold(t *testing.T) {
	l, wake := newSharedLimiter(t, "login", "1/s burst 1")
	l.AllowName("a", 1, begin)
	l.TakeDebts(nil)
	woken(wake)
	for range 100 {
		l.AllowName("a", 1, begin)
	}
	if debts := l.TakeDebts(nil); len(debts) > 0 || woken(wake) {
		t.Errorf("told %v", debts)
	}
}

func TestShare_NamesAreTheSameEverywhereAndOfOneSubject(t *testing.T) {
	addr := netip.MustParseAddr("2001:db8::1")
	nameOf := func(limit string, spend func(l *Limiter)) [16]byte {
		l, _ := newSharedLimiter(t, limit, "1/s burst 10")
		spend(l)
		return l.TakeDebts(nil)[0].Name
	}
	seen := map[[16]byte]string{}
	for what, name := range map[string][16]byte{
		"an address":             nameOf("l", func(l *Limiter) { l.AllowAddr(addr, 1, begin) }),
		"another":                nameOf("l", func(l *Limiter) { l.AllowAddr(netip.MustParseAddr("10.0.0.1"), 1, begin) }),
		"under another limit":    nameOf("m", func(l *Limiter) { l.AllowAddr(addr, 1, begin) }),
		"a name":                 nameOf("l", func(l *Limiter) { l.AllowName("a", 1, begin) }),
		"a name at an address":   nameOf("l", func(l *Limiter) { l.AllowNameAt("a", addr, begin) }),
		"another at that":        nameOf("l", func(l *Limiter) { l.AllowNameAt("b", addr, begin) }),
		"limit and name shifted": nameOf("la", func(l *Limiter) { l.AllowName("", 1, begin) }),
	} {
		if other, twice := seen[name]; twice {
			t.Errorf("%s and %s have one name", what, other)
		}
		seen[name] = what
	}
	if nameOf("l", func(l *Limiter) { l.AllowAddr(netip.MustParseAddr("2001:db8::2"), 1, begin) }) !=
		nameOf("l", func(l *Limiter) { l.AllowAddr(addr, 1, begin) }) {
		t.Error("two processes call one subscriber by two names")
	}
}

func TestSettle_TakesWhatOthersSpent(t *testing.T) {
	l, _ := newSharedLimiter(t, "login", "1/s burst 10")
	l.AllowName("a", 2, begin)
	d := l.TakeDebts(nil)[0]
	l.AllowName("a", 1, begin)                          // while the others are being told
	l.Settle(d.Key, begin, 2*time.Second+6*time.Second) // they had spent 6
	if l.AllowName("a", 1, begin) != 0 {
		t.Error("the last event of the allowance was refused")
	}
	if wait := l.AllowName("a", 1, begin); wait != time.Second {
		t.Errorf("past the allowance that all share the wait is %v, want 1s", wait)
	}
	l.Settle(d.Key, begin, 0) // others forgot
	if l.AllowName("a", 1, begin) == 0 {
		t.Error("what others forgot was forgotten here")
	}
	l.Settle(d.Key+limiterShards, begin, time.Hour)
	if n := len(l.shards[d.Key%limiterShards].keys); n != 1 {
		t.Errorf("news of a key that is not here made %d keys", n)
	}
}

func TestShare_MemoryIsBounded(t *testing.T) {
	l, _ := newSharedLimiter(t, "login", "1/h burst 1")
	for i := range 2 * limiterShards * shardCapacity {
		l.AllowName(fmt.Sprint(i), 1, begin)
	}
	for i := range l.shards {
		if keys, due := len(l.shards[i].keys), cap(l.shards[i].due); keys > shardCapacity || due > maxDue {
			t.Fatalf("shard %d holds %d keys, and room for %d to be told of", i, keys, due)
		}
	}
}

func TestShare_CountsWithoutAllocating(t *testing.T) {
	l, _ := newSharedLimiter(t, "per_ip", "1000/s burst 1")
	addr := netip.MustParseAddr("2001:db8::1")
	now, debts := begin, make([]Debt, 0, 8)
	if n := testing.AllocsPerRun(1000, func() {
		l.AllowAddr(addr, 1, now)
		l.AllowNameAt("alice", addr, now)
		debts = l.TakeDebts(debts[:0])
		now = now.Add(2 * time.Millisecond)
	}); n != 0 || len(debts) != 2 {
		t.Errorf("%v allocations, %d debts; want none and 2", n, len(debts))
	}
}

func BenchmarkLimiter_Shared(b *testing.B) {
	for _, c := range []struct {
		name string
		rate Rate
	}{{"allowed", Rate{PerSecond: 1e6, Burst: 1e6}}, {"refused", Rate{PerSecond: 1e-3, Burst: 1}}} {
		b.Run(c.name, func(b *testing.B) {
			l := NewLimiter(c.rate, func() time.Time { return begin })
			l.Share("per_ip", make(chan struct{}, 1))
			addr := netip.MustParseAddr("10.0.0.1")
			b.ReportAllocs()
			for b.Loop() {
				l.AllowAddr(addr, 1, begin)
			}
		})
	}
}
