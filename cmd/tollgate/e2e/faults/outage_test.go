//go:build faults

package faults

import (
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

func TestFault_F01_RedisDownAtStart(t *testing.T) {
	redis := redistest.Start(t)
	redis.Kill()
	n := e2e.NewServe(t, redis.Addr, production)
	n.Start()
	alive := n.AwaitStatus("/livez", 200)
	n.Get("/readyz").Want(t, 503)
	metadata := n.Get("/.well-known/openid-configuration").Want(t, 200)
	keys := n.Get("/.well-known/jwks.json")
	refused := n.ClientCredentials(e2e.DemoService)
	honest := refused.Status == 503 && refused.Header.Get("Retry-After") != "" && metadata.Status == 200

	redis.Restart()
	ready := n.AwaitReady()
	record(t, "F01", alive <= time.Second && ready <= 2*time.Second && honest,
		"alive after %s, metadata 200, JWKS %d, /token %d; ready %s after Redis, the first keys made meanwhile", ms(alive), keys.Status, refused.Status, ms(ready))
}

func TestFault_F02_RedisKilledUnderLoad(t *testing.T) {
	redis := redistest.Start(t, "--appendfsync", "always")
	in := install(t, 1, redis.Addr)
	l := startLoad(t, 24, 10*time.Millisecond, in.usual(t)...)
	time.Sleep(2 * time.Second)
	down := time.Now()
	redis.Kill()
	time.Sleep(3 * time.Second)
	redis.Restart()
	up := time.Now()
	time.Sleep(4 * time.Second)
	all := l.stop()

	honest := all.wantHonest(t, wrong)
	outage := all.between(down.Add(-250*time.Millisecond), up)
	slowest, late := all.quantile(1), time.Duration(0)
	for _, s := range all.between(up, time.Now()).status(503) {
		late = max(late, s.end().Sub(up))
	}
	accepted := outage.named("revoked").status(200)
	record(t, "F02", honest && slowest <= 250*time.Millisecond && late <= 2*time.Second && len(accepted) == 0,
		"%d answers, %d during the outage (%d of them 503): slowest %s, p99 %s; the last 503 came %s after Redis was back",
		len(all), len(outage), len(outage.status(503)), ms(slowest), ms(outage.quantile(.99)), ms(late))
}

func TestFault_F03_RedisHangsUnderLoad(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 1, redis.Addr)
	l := startLoad(t, 24, 10*time.Millisecond, in.usual(t)...)
	time.Sleep(2 * time.Second)
	hung := time.Now()
	redis.Pause()
	time.Sleep(4 * time.Second)
	redis.Continue()
	back := time.Now()
	time.Sleep(4 * time.Second)
	all := l.stop()

	honest := all.wantHonest(t, wrong)
	outage := all.between(hung.Add(-300*time.Millisecond), back)
	last := time.Duration(0) // answers from memory
	for _, s := range outage.status(200) {
		if s.end().Before(back) {
			last = max(last, s.end().Sub(hung))
		}
	}
	late := time.Duration(0)
	for _, s := range all.between(back, time.Now()).status(503) {
		late = max(late, s.end().Sub(back))
	}
	slowest := outage.quantile(1)
	if last > 1500*time.Millisecond {
		t.Errorf("a token is accepted %s after the hang", ms(last))
	}
	record(t, "F03", honest && slowest <= 300*time.Millisecond && last <= time.Second,
		"%d answers during the hang: p50 %s, p99 %s, slowest %s; the last from memory %s after the hang, then 503 only; usual %s after it",
		len(outage), ms(outage.quantile(.5)), ms(outage.quantile(.99)), ms(slowest), ms(last), ms(late))
}

func TestFault_F04_RedisIs200msLater(t *testing.T) {
	redis := redistest.Start(t)
	proxy := redistest.StartProxy(t, redis.Addr)
	in := install(t, 1, proxy.Addr, "TOLLGATE_REDIS__TIMEOUT=400ms")
	n := in.nodes[0]
	hot := in.service(t)
	n.Validate(hot, "").Want(t, 200)
	const perSecond, seconds = 200, 5
	hits := []call{{"hit", func() e2e.Answer { return n.Validate(hot, "") }}}
	misses := []call{{"miss", func() e2e.Answer { return n.ClientCredentials(in.apps.Service).Answer }}}
	run := func() (samples, int) {
		l, m := startOpenLoad(t, perSecond, hits...), startOpenLoad(t, 20, misses...)
		time.Sleep(seconds * time.Second)
		count := goroutines(n)
		return append(l.stop(), m.stop()...), count
	}
	peak(t, n, hot, 64, 500*time.Millisecond) // the connections of both runs, which cost a goroutine each
	_, before := run()
	proxy.Delay(200 * time.Millisecond)
	time.Sleep(500 * time.Millisecond)
	all, after := run()

	share := float64(len(all.named("hit").status(200))) / (perSecond * seconds)
	slow := all.named("miss")
	good := len(slow.status(200)) == len(slow)
	record(t, "F04", all.wantHonest(t, nil) && good && share >= .9 && slow.quantile(.99) <= 450*time.Millisecond && after < 2*before,
		"%.0f %% of %d/s validations answered 200 (p50 %s); issuing p99 %s, %d of %d succeed; goroutines %d → %d",
		100*share, perSecond, ms(all.named("hit").quantile(.5)), ms(slow.quantile(.99)), len(slow.status(200)), len(slow), before, after)
}

func TestFault_F14_RedisLoads(t *testing.T) {
	redis := redistest.Start(t, "--appendfsync", "always", "--key-load-delay", "300", "--loading-process-events-interval-bytes", "1024")
	in := install(t, 1, redis.Addr)
	for range 100 {
		redis.Text(t, "EVAL", "for i = 1, 100 do redis.call('SET', KEYS[1] .. i, string.rep('x', 100)) end return redis.call('INCR', 'filler')", "1", redis.Text(t, "INCR", "filler")+":")
	}
	redis.Text(t, "BGREWRITEAOF")
	time.Sleep(time.Second)
	l := startLoad(t, 8, 10*time.Millisecond, in.usual(t)...)
	down := time.Now()
	go func() {
		redis.Restart() // returns when all is loaded
	}()
	loading := until(5*time.Second, func() bool {
		_, err := redis.Do("GET", "filler")
		return err != nil && strings.HasPrefix(err.Error(), "LOADING")
	})
	loaded := until(20*time.Second, func() bool { _, err := redis.Do("GET", "filler"); return err == nil })
	up := time.Now()
	time.Sleep(3 * time.Second)
	all := l.stop()
	honest := all.wantHonest(t, wrong)
	during, late := all.between(down.Add(200*time.Millisecond), up.Add(-300*time.Millisecond)), time.Duration(0)
	for _, s := range all.between(up, time.Now()).status(503) {
		late = max(late, s.end().Sub(up))
	}
	record(t, "F14", honest && loading >= 0 && loaded > 0 && late <= 2*time.Second && all.quantile(1) <= 300*time.Millisecond,
		"%s of LOADING: %d answers, %d of them 503, slowest %s; usual %s after it", ms(loaded), len(during), len(during.status(503)), ms(all.quantile(1)), ms(late))
}

// ownScripts counts the scripts that took longer than a millisecond, and finds the longest, in
// microseconds. SLOWLOG counts the time in which Redis waited for a CPU, too.
func ownScripts(t *testing.T, redis *redistest.Server) (slow, longest int) {
	t.Helper()
	entries, err := redis.Do("SLOWLOG", "GET", "1000")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries.([]any) {
		fields := entry.([]any)
		name, _ := fields[3].([]any)[0].(string)
		if strings.HasPrefix(strings.ToUpper(name), "EVAL") {
			slow++
			longest = max(longest, int(fields[2].(int64)))
		}
	}
	return slow, longest
}

func TestFault_F16_RedisIsBusy(t *testing.T) {
	redis := redistest.Start(t, "--busy-reply-threshold", "100", "--slowlog-log-slower-than", "1000", "--slowlog-max-len", "1000")
	first := redis.Nice(-20)
	in := install(t, 1, redis.Addr)
	l := startLoad(t, 8, 10*time.Millisecond, in.usual(t)...)
	for range 20 {
		in.alice.Login(t, in.nodes[0], in.web)
	}
	time.Sleep(2 * time.Second)
	scripts, slowest := ownScripts(t, redis)
	ran := commandCalls(redis, "evalsha")
	redis.Nice(0) // a script without end would leave nobody a CPU
	busy := time.Now()
	go redis.Do("EVAL", "while true do end", "0")
	time.Sleep(2 * time.Second)
	redis.Text(t, "SCRIPT", "KILL")
	free := time.Now()
	time.Sleep(3 * time.Second)
	all := l.stop()
	honest := all.wantHonest(t, wrong)
	during, late := all.between(busy, free), time.Duration(0)
	for _, s := range all.between(free, time.Now()).status(503) {
		late = max(late, s.end().Sub(free))
	}
	record(t, "F16", honest && slowest <= 5000 && int64(100*scripts) <= ran && late <= 2*time.Second,
		"%d answers while BUSY, slowest %s, usual %s after it; of %d runs of our own scripts %d took > 1 ms, the longest %d µs (a CPU for Redis whenever it wants: %t)",
		len(during), ms(during.quantile(1)), ms(late), ran, scripts, slowest, first)
}

// cutOff revokes on a node that reaches Redis and asks one that does not, and returns how long that
// one still accepts the token, and what it answers then.
func cutOff(t *testing.T, fault func(*redistest.Proxy)) (accepted time.Duration, then int, slowest time.Duration) {
	t.Helper()
	redis := redistest.Start(t)
	proxy := redistest.StartProxy(t, redis.Addr)
	in := install(t, 1, redis.Addr)
	far := in.nodes[0].NewPeer(proxy.Addr)
	far.Start()
	far.AwaitReady()
	token := in.service(t)
	far.Validate(token, "").Want(t, 200)
	l := startLoad(t, 8, 2*time.Millisecond, call{"far", func() e2e.Answer { return far.Validate(token, "") }})
	time.Sleep(500 * time.Millisecond)
	fault(proxy)
	in.nodes[0].Revoke(in.apps.Service, token).Want(t, 200)
	ended := time.Now()
	time.Sleep(7 * time.Second)
	all := l.stop().between(ended, time.Now())
	for _, s := range all {
		if s.answer.Status == 200 {
			accepted = max(accepted, s.end().Sub(ended))
		} else {
			then = s.answer.Status
		}
	}
	proxy.Pass()
	if back := until(3*time.Second, func() bool { return far.Validate(token, "").Status == 401 }); back < 0 {
		t.Errorf("after the cut the node answers %d for a revoked token", far.Validate(token, "").Status)
	}
	return accepted, then, all.quantile(1)
}

func TestFault_F18_InvalidationsComeLate(t *testing.T) {
	accepted, then, _ := cutOff(t, func(p *redistest.Proxy) { p.Delay(6 * time.Second) })
	if accepted > 5*time.Second {
		t.Errorf("a revoked token is accepted for %s", ms(accepted))
	}
	record(t, "F18", accepted <= 5*time.Second, "3 s late either way: accepted for %s, then %d", ms(accepted), then)
}

func TestFault_F43_NodeIsCutOff(t *testing.T) {
	accepted, then, slowest := cutOff(t, (*redistest.Proxy).Stall)
	if accepted > 1500*time.Millisecond {
		t.Errorf("a revoked token is accepted for %s", ms(accepted))
	}
	record(t, "F43", accepted <= time.Second && then == 503, "accepted for %s, then %d; slowest answer %s", ms(accepted), then, ms(slowest))
}
