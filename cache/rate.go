package cache

import (
	"fmt"
	"strconv"
	"strings"
)

// Rate is how often something may happen: PerSecond in the long run, Burst at once. The zero
// value is no limit.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Off reports whether the rate limits nothing.
func (r Rate) Off() bool { return r.PerSecond <= 0 }

// rateUnits are the seconds in each unit that a rate is written in.
var rateUnits = map[string]float64{"s": 1, "m": 60, "h": 3600}

const (
	// maxRate keeps the interval between two events at a nanosecond or more, and a burst inside int32.
	maxRate = 1e9
	// maxRefill is how many seconds an allowance may take to fill up again, which is counted in
	// nanoseconds: a week, so that no count overflows.
	maxRefill = 7 * 24 * 3600
)

// ParseRate reads "off", "200/s", "200/s burst 400" or "5/m burst 10"; units are s, m and h.
// Without a burst, one second's worth may come at once, and at least one event. A burst that takes
// more than a week to be there again is refused.
func ParseRate(text string) (Rate, error) {
	if strings.TrimSpace(text) == "off" {
		return Rate{}, nil
	}
	words := strings.Fields(text)
	if len(words) != 1 && (len(words) != 3 || words[1] != "burst") {
		return Rate{}, rateError(text)
	}
	count, unit, _ := strings.Cut(words[0], "/")
	n, err := strconv.ParseUint(count, 10, 32)
	seconds, known := rateUnits[unit]
	if err != nil || !known || n == 0 || n > maxRate {
		return Rate{}, rateError(text)
	}
	r := Rate{PerSecond: float64(n) / seconds}
	r.Burst = max(1, int(r.PerSecond))
	if len(words) == 3 {
		burst, err := strconv.ParseUint(words[2], 10, 32)
		if err != nil || burst == 0 || burst > maxRate {
			return Rate{}, rateError(text)
		}
		r.Burst = int(burst)
	}
	if float64(r.Burst)*seconds > float64(n)*maxRefill {
		return Rate{}, rateError(text)
	}
	return r, nil
}

func rateError(text string) error {
	return fmt.Errorf(`rate %q: want "off", or like "200/s burst 400" with a unit of s, m or h and a burst that is there again within a week`, text)
}
