package cache

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestFlights_OneLoadsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f Flights[int]
		var loads atomic.Int64
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				got := f.Do(7, []byte("key"), func() int {
					time.Sleep(time.Second) // until all the others wait
					return int(loads.Add(1))
				})
				if got != 1 {
					t.Errorf("got %d", got)
				}
			})
		}
		group.Wait()
		if got := f.Do(7, []byte("key"), func() int { return int(loads.Add(1)) }); got != 2 {
			t.Errorf("who comes later gets %d, which is old", got)
		}
	})
}

func TestFlights_AnotherKeyOfTheSameHashLoadsForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f Flights[string]
		go f.Do(7, []byte("slow"), func() string { time.Sleep(time.Hour); return "slow" })
		synctest.Wait()
		if got := f.Do(7, []byte("other"), func() string { return "other" }); got != "other" {
			t.Errorf("got the value of %q", got)
		}
		time.Sleep(2 * time.Hour)
	})
}

// Whoever loads may panic; those who wait for it load again, each for itself.
func TestFlights_APanicStrandsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f Flights[int]
		var panics, values atomic.Int64
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				defer func() {
					if recover() != nil {
						panics.Add(1)
					}
				}()
				values.Add(int64(f.Do(7, []byte("key"), func() int {
					time.Sleep(time.Second)
					if panics.Load() < 3 {
						panic("broken")
					}
					return 1
				})))
			})
		}
		group.Wait()
		if panics.Load() != 3 || values.Load() != 7 {
			t.Errorf("%d panicked, %d got the value; want 3 and 7", panics.Load(), values.Load())
		}
	})
}

func TestFlights_ACrowdBeyondTheBoundLoadsForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f Flights[int]
		var loads atomic.Int64
		for range maxWaiters + 1 {
			go f.Do(7, []byte("key"), func() int { time.Sleep(time.Hour); return int(loads.Add(1)) })
		}
		synctest.Wait()
		if got := f.Do(7, []byte("key"), func() int { return -1 }); got != -1 {
			t.Errorf("got %d from the one who is still loading", got)
		}
		time.Sleep(2 * time.Hour)
		if loads.Load() != 1 {
			t.Errorf("%d loads for those within the bound", loads.Load())
		}
	})
}
