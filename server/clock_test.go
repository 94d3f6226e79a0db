package server

import (
	"testing"
	"time"
)

func TestClock_DatesFollowTheMachines(t *testing.T) {
	c := newClock(nil)
	for range 3 {
		at := c.passed()
		if off := time.Since(c.date(at)); off < 0 || off > 50*time.Millisecond {
			t.Errorf("a date is %v old", off)
		}
		// Somebody sets the date: the anchor is an hour behind, until it is dropped anew.
		a := *c.anchor.Load()
		a.date = a.date.Round(0).Add(-time.Hour)
		c.anchor.Store(&a)
		time.Sleep(anchorLife + time.Millisecond)
	}
}

func TestClock_GoesByATests(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := newClock(func() time.Time { return now })
	for range 3 {
		now = now.Add(time.Minute)
		if got := c.date(c.passed()); !got.Equal(now) {
			t.Errorf("%v, want %v", got, now)
		}
	}
	if got := c.passed(); got != 3*time.Minute {
		t.Errorf("%v have passed", got)
	}
}
