package load

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// answering returns callers that take that long for every request.
func answering(n int, took time.Duration) []Caller {
	callers := make([]Caller, n)
	for i := range callers {
		callers[i] = func() error {
			time.Sleep(took)
			return nil
		}
	}
	return callers
}

func TestRun_ClosedLoopGoesAsFastAsAnswersCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := Run(t.Context(), Plan{Duration: 10 * time.Second}, answering(4, 10*time.Millisecond), nil)
		if err != nil || r.PerSecond < 395 || r.PerSecond > 405 || r.Failed() != 0 {
			t.Errorf("%+v, %v; want 400 per second", r, err)
		}
		if r.Latency.P50 < 10 || r.Latency.P50 > 10.1 || r.Latency.Max != 10 {
			t.Errorf("%+v; want 10 ms", r.Latency)
		}
	})
}

func TestRun_EndsAfterSoManyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		count := func() error { calls.Add(1); return nil }
		r, err := Run(t.Context(), Plan{Requests: 1001}, []Caller{count, count, count}, nil)
		if err != nil || r.Requests != 1001 || calls.Load() != 1001+3 { // each has called once before the clock
			t.Errorf("%d requests, %d calls, %v", r.Requests, calls.Load(), err)
		}
	})
}

// A server that hangs for a second makes everybody wait who would have come in that second.
func TestRun_OpenLoopCountsThePauseForAllWhoWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		call := func() error {
			if at := time.Since(begin); at > 5*time.Second && at < 6*time.Second {
				time.Sleep(6*time.Second - at)
			}
			time.Sleep(time.Millisecond)
			return nil
		}
		r, err := Run(t.Context(), Plan{Rate: 100, Duration: 10 * time.Second}, []Caller{call}, nil)
		if err != nil || r.Requests < 995 || r.Late > 5 {
			t.Errorf("%d requests, %d late, %v", r.Requests, r.Late, err)
		}
		if r.Latency.P50 > 2 || r.Latency.P90 < 50 || r.Latency.P99 < 850 || r.Latency.Max < 990 {
			t.Errorf("%+v; a tenth of the requests met the pause", r.Latency)
		}
	})
}

func TestRun_OpenLoopSaysWhatItCouldNotSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := Run(t.Context(), Plan{Rate: 1000, Duration: time.Second}, answering(1, 10*time.Millisecond), nil)
		if err != nil || r.Late < 890 || r.Late > 910 {
			t.Errorf("%d of 1000 late, %v; one caller can make 100", r.Late, err)
		}
	})
}

func TestRun_CountsErrorsByKindAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		call := func() error {
			n++
			switch {
			case n == 1:
				return nil // before the clock
			case n%4 == 0:
				return errors.New("429 slow_down")
			case n%2 == 0:
				return errors.New("timeout")
			}
			return nil
		}
		r, err := Run(t.Context(), Plan{Requests: 100}, []Caller{call}, nil)
		if err != nil || r.Errors["timeout"] != 25 || r.Errors["429 slow_down"] != 25 || r.Requests != 100 || r.Failed() != 50 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestRun_DoesNotBeginWithAnError(t *testing.T) {
	refused := errors.New("401 invalid_client")
	_, err := Run(t.Context(), Plan{Requests: 100}, []Caller{func() error { return refused }}, nil)
	if err != refused {
		t.Errorf("ended with %v", err)
	}
}

func TestRun_InterruptedShowsWhatItHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		seen := 0
		r, err := Run(ctx, Plan{Duration: time.Hour}, answering(1, 10*time.Millisecond), func(r Result) {
			if seen++; seen == 4 {
				cancel()
			}
		})
		if err != nil || r.Requests < 195 || r.Requests > 205 {
			t.Errorf("%d requests, %v; want those of two seconds", r.Requests, err)
		}
	})
}
