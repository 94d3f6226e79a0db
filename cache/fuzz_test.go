package cache

import (
	"testing"
	"time"
)

// FuzzParseRate holds every rate that is accepted to what it says: a burst passes at once and no more,
// and is there again after its time, whatever the numbers are.
func FuzzParseRate(f *testing.F) {
	for _, seed := range []string{"off", "200/s burst 400", "5/m burst 10", "90/h", "1/h burst 168", "1/h burst 169", "1000000000/s burst 1000000000", "  7/s   burst  1 ",
		"", "0/s", "-5/s", "+5/s", "5/d", "5.5/s", "NaN/s", "5/s burst", "5/s burst 0", "99999999999/s", "5/s burst 1 2", "٣/s", "0x3/s", "1e3/s", "5/s\nburst 3", "1_0/s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rate, err := ParseRate(text)
		if err != nil {
			if rate != (Rate{}) {
				t.Fatalf("%q: %v beside %v", text, rate, err)
			}
			return
		}
		l := NewLimiter(rate, func() time.Time { return begin })
		if rate.Off() != (l == nil) {
			t.Fatalf("%q: %v, and a limiter %v", text, rate, l)
		}
		if l == nil {
			return
		}
		l.Share("fuzz", make(chan struct{}, 1))
		if wait := l.AllowName("a", rate.Burst, begin); rate.Burst < 1 || wait != 0 {
			t.Fatalf("%q: a burst of %d must wait %v", text, rate.Burst, wait)
		}
		wait := l.AllowName("a", 1, begin)
		if wait < 0 || rate.PerSecond <= 1e9 && wait == 0 || wait.Seconds() > 1/rate.PerSecond+1e-9 {
			t.Fatalf("%q: past its burst the wait is %v", text, wait)
		}
		full := time.Duration((float64(rate.Burst)/rate.PerSecond)*float64(time.Second)) + 1
		for _, d := range l.TakeDebts(nil) {
			if d.Spent < 0 || d.Spent > full {
				t.Fatalf("%q: of %v, %v are told", text, full, d.Spent)
			}
			l.Settle(d.Key, begin, d.Spent)
		}
		if wait := l.AllowName("a", rate.Burst, begin.Add(full)); wait != 0 {
			t.Fatalf("%q: after %v the wait is still %v", text, full, wait)
		}
	})
}
