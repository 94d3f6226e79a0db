package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Plan says how much to call, and how long. Duration or Requests must bound it.
type Plan struct {
	Rate     float64       // requests per second over all callers; 0 is a closed loop, as fast as answers come
	Duration time.Duration // 0 is until Requests
	Requests int64         // 0 is until Duration
}

// Caller makes one request and waits for its answer. A nil error is a right answer; other errors
// are counted by their text, so it must not hold what differs from one request to the next. One
// goroutine at a time uses a caller.
type Caller func() error

// Run calls until the plan is fulfilled or ctx ends. Every caller has made one request that does
// not count when the clock starts, so that connections are open; an error of it ends the run.
// progress may be nil; it is called about twice a second.
func Run(ctx context.Context, plan Plan, callers []Caller, progress func(Result)) (Result, error) {
	if err := warmUp(ctx, callers); err != nil {
		return Result{}, err
	}
	r := &running{plan: plan, start: time.Now()}
	if plan.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, plan.Duration)
		defer cancel()
	}
	workers := make([]*worker, len(callers))
	var group sync.WaitGroup
	for i, call := range callers {
		w := &worker{running: r, call: call, errors: map[string]int64{}}
		workers[i] = w
		group.Go(func() { w.run(ctx) })
	}
	stop := r.report(workers, progress)
	group.Wait()
	stop()
	return r.result(workers), nil
}

func warmUp(ctx context.Context, callers []Caller) error {
	failed := make(chan error, len(callers))
	for _, call := range callers {
		go func() { failed <- call() }()
	}
	for range callers {
		select {
		case err := <-failed:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// running is what the workers of one run share.
type running struct {
	plan  Plan
	start time.Time
	next  atomic.Int64 // the number of the next request
}

// take returns the number of a request to make, unless all are made.
func (r *running) take() (int64, bool) {
	n := r.next.Add(1) - 1
	return n, r.plan.Requests == 0 || n < r.plan.Requests
}

// worker is one caller's goroutine and what it has measured.
type worker struct {
	running *running
	call    Caller

	mu     sync.Mutex // progress reads along
	took   Histogram
	errors map[string]int64
}

func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		n, ok := w.running.take()
		if !ok {
			return
		}
		begin, ok := w.running.await(ctx, n)
		if !ok {
			return
		}
		err := w.call()
		w.note(time.Since(begin), err)
	}
}

// await returns when the request's moment has come, and from when on its answer is waited for: its
// moment, if that is past because all callers were busy, else now. Waking up late is our own fault
// and not the server's.
func (r *running) await(ctx context.Context, n int64) (begin time.Time, ok bool) {
	if r.plan.Rate == 0 {
		return time.Now(), true
	}
	due := r.start.Add(time.Duration(float64(n) / r.plan.Rate * float64(time.Second)))
	wait := time.Until(due)
	if wait <= 0 {
		return due, true
	}
	select {
	case <-time.After(wait):
		return time.Now(), true
	case <-ctx.Done():
		return time.Time{}, false
	}
}

func (w *worker) note(took time.Duration, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.errors[err.Error()]++
		return
	}
	w.took.Add(took)
}

// report calls progress until stop is called.
func (r *running) report(workers []*worker, progress func(Result)) (stop func()) {
	if progress == nil {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				progress(r.result(workers))
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
