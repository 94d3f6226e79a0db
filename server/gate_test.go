package server

import (
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

func TestGate_LetsNoMoreInThanItsWidth(t *testing.T) {
	g := newGate(2, 0, &metrics.Counter{})
	for range 2 {
		if !g.enter(0) {
			t.Fatal("turned away while there was room")
		}
	}
	came := make(chan bool)
	go func() { came <- g.enter(0) }()
	select {
	case <-came:
		t.Fatal("did not wait for a turn")
	case <-time.After(10 * time.Millisecond):
	}
	g.leave()
	if !<-came {
		t.Error("turned away although a turn came")
	}
}

func TestGate_WaitsThroughABurstAndBrieflyUnderOverload(t *testing.T) {
	const now = time.Minute
	g := newGate(1, now, &metrics.Counter{})
	for _, since := range []time.Duration{0, burstWait} { // a turn was last free at once
		if got := g.patience(now + since); got != burstWait {
			t.Errorf("after %s: waits %s, want %s", since, got, burstWait)
		}
	}
	for _, since := range []time.Duration{burstWait + 1, time.Hour} {
		waits := map[time.Duration]bool{}
		for range 100 {
			got := g.patience(now + since)
			if got < overloadWait || got >= 2*overloadWait {
				t.Errorf("after %s: waits %s, want %s or up to twice as long", since, got, overloadWait)
			}
			waits[got] = true
		}
		if len(waits) < 50 {
			t.Errorf("after %s: 100 waits are %d different ones: many are turned away at once", since, len(waits))
		}
	}
	if !g.enter(now + time.Hour) {
		t.Fatal("turned away while there was room")
	}
	if got := g.patience(now + time.Hour); got != burstWait {
		t.Errorf("waits %s once the queue was empty, want %s", got, burstWait)
	}
	if g.enter(now + 2*time.Hour) {
		t.Error("nobody left, and somebody came in")
	}
}

func TestGate_TheQueueIsBounded(t *testing.T) {
	g := newGate(1, 0, &metrics.Counter{})
	g.enter(0)
	var group sync.WaitGroup
	for range gateQueue {
		group.Go(func() {
			for !g.enter(0) { // once more, where the machine stood still for as long as one waits
			}
			g.leave()
		})
	}
	for g.waiting.Load() < gateQueue {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	if g.enter(0) || time.Since(start) >= burstWait {
		t.Error("waited behind a full queue")
	}
	g.leave()
	group.Wait()
	if n := g.waiting.Load(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

func TestGate_ShedsWhatIsExpensiveAndNothingElse(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.LogSample = 1 << 30 })
	tok := e.serviceToken(t)
	g := e.server.gates["token"]
	for range cap(g.turns) {
		if !g.enter(0) {
			t.Fatal("the gate is not empty")
		}
	}
	g.calm.Store(int64(-time.Hour)) // it has been full for long
	e.log.take()
	ask := call{path: "/token", auth: serviceBasic, form: clientCredentials()}
	if a := e.send(t, ask).wants(t, 503, "temporarily_unavailable"); a.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	if n := g.shed.Get(); n != 1 {
		t.Errorf("%d counted", n)
	}
	if log := e.log.take(); len(log) != 0 {
		t.Errorf("logged although it is one of very many: %q", log)
	}
	e.send(t, call{method: "GET", path: "/validate", auth: "Bearer " + tok}).wants(t, 200, "")
	e.do(t, call{method: "OPTIONS", path: "/token"}).wants(t, 405, "")
	for range cap(g.turns) {
		g.leave()
	}
	e.do(t, ask).wants(t, 200, "")
}
