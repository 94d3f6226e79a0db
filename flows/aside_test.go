package flows

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func TestAside_AllIsDone(t *testing.T) {
	var group sync.WaitGroup
	var done atomic.Int64
	for range 200 {
		group.Go(func() { aside(func() { done.Add(1) }) })
	}
	group.Wait()
	if n := done.Load(); n != 200 {
		t.Errorf("%d of 200 are done", n)
	}
}

func TestAside_APanicIsTheCallers(t *testing.T) {
	for range 3 { // the helper is good for more
		func() {
			defer func() {
				if p := recover(); p != "broken" {
					t.Errorf("recovered %v", p)
				}
			}()
			aside(func() { panic("broken") })
			t.Error("no panic")
		}()
	}
	aside(func() {})
}

func TestAside_OneProcessorHasNoOthers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	before := len(helpers)
	ran := false
	aside(func() { ran = true })
	if !ran || len(helpers) != before {
		t.Errorf("ran: %t; %d helpers, before %d", ran, len(helpers), before)
	}
}
