package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

// What costs nothing but its limit: without a token it is 401, past the limit 429.
const limitedPath = "/userinfo"

// offer asks both nodes for perSecond requests together, evenly, and returns how many were let in, and when
// the last was sent: a busy machine ends too early.
func offer(t *testing.T, nodes []*Node, perSecond int, lasts time.Duration) (let int64, took time.Duration) {
	t.Helper()
	const callers = 16
	var passed, asked, last atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for i := range callers {
		group.Go(func() {
			for time.Since(start) < lasts {
				if n := asked.Add(1); float64(n) > float64(perSecond)*time.Since(start).Seconds() {
					asked.Add(-1)
					time.Sleep(time.Millisecond)
					continue
				}
				last.Store(int64(time.Since(start)))
				switch a := nodes[i%len(nodes)].Get(limitedPath); a.Status {
				case http.StatusUnauthorized:
					passed.Add(1)
				case http.StatusTooManyRequests:
				default:
					t.Errorf("answered %d %v", a.Status, a.Err)
					return
				}
			}
		})
	}
	group.Wait()
	took = time.Duration(last.Load())
	if n := asked.Load(); float64(n) < 0.9*float64(perSecond)*took.Seconds() || took < lasts/2 {
		t.Errorf("only %d requests were sent in %v", n, took)
	}
	return passed.Load(), took
}

func TestLimits_TwoNodesTogetherKeepOneAtTenTimesIt(t *testing.T) {
	const rate, burst, lasts = 50, 100, 6 * time.Second
	a := StartServe(t, redistest.Start(t).Addr, "TOLLGATE_RATE_LIMITS__PER_IP=50/s burst 100")
	passed, took := offer(t, []*Node{a, a.Peer()}, 10*rate, lasts)
	limit := burst + rate*took.Seconds()
	over := (float64(passed)/limit - 1) * 100
	t.Logf("of %.0f that the limit allows, %d passed: %+.1f %%", limit, passed, over)
	if over > 5 || over < -5 {
		t.Errorf("%d passed, %+.1f %% of the limit", passed, over)
	}
}

func TestLimits_ALimitedRequestAsksNothingOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	a := StartServe(t, redis.Addr, "TOLLGATE_RATE_LIMITS__PER_IP=1/h burst 5")
	for a.Get(limitedPath).Status != 429 {
	}
	answer := a.Get(limitedPath).Want(t, 429)
	if policy := answer.Header.Get("RateLimit-Policy"); policy != `"per_ip";q=5;w=18000` {
		t.Errorf("RateLimit-Policy: %s", policy)
	}
	if limit := answer.Header.Get("RateLimit"); !strings.HasPrefix(limit, `"per_ip";r=0;t=`) {
		t.Errorf("RateLimit: %s", limit)
	}
	time.Sleep(100 * time.Millisecond)
	commands := func() int {
		n, _ := strconv.Atoi(redis.Field("total_commands_processed"))
		return n
	}
	alone := func(what func()) int {
		before := commands()
		what()
		return commands() - before
	}
	const requests = 3000
	var took time.Duration
	flood := alone(func() {
		start := time.Now()
		for range requests {
			a.Get(limitedPath).Want(t, 429)
		}
		took = time.Since(start)
	})
	idle := alone(func() { time.Sleep(took) }) // a node that nobody asks looks after itself
	t.Logf("%d limited requests in %v: %d commands, %d without them", requests, took, flood, idle)
	if flood > idle+20 {
		t.Errorf("%d limited requests cost Redis %d commands, an idle node %d", requests, flood, idle)
	}
}

func TestLimits_WhileRedisIsAwayNobodyIsRefusedForIt(t *testing.T) {
	var slowest time.Duration
	for range 3 { // who waits for Redis does so each time, who is held up by a busy machine does not
		if slowest = slowestWhileAway(t); slowest <= 200*time.Millisecond {
			return
		}
	}
	t.Errorf("a request waited %v for a Redis that hangs", slowest)
}

// slowestWhileAway uses up a limit while Redis hangs, and returns how long the slowest request took.
func slowestWhileAway(t *testing.T) (slowest time.Duration) {
	t.Helper()
	redis := redistest.Start(t)
	a := StartServe(t, redis.Addr, "TOLLGATE_RATE_LIMITS__PER_IP=1/h burst 100")
	redis.Pause()
	defer redis.Continue()
	for range 100 {
		start := time.Now()
		a.Get(limitedPath).Want(t, 401)
		slowest = max(slowest, time.Since(start))
	}
	a.Get(limitedPath).Want(t, 429)
	return slowest
}
