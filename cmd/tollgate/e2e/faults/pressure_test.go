//go:build faults

package faults

import (
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// peak is how many validations a second a node answers to that many callers.
func peak(t *testing.T, n *e2e.Node, token string, callers int, d time.Duration) (perSecond float64, all samples) {
	t.Helper()
	l := startLoad(t, callers, 0, call{"validate", func() e2e.Answer { return n.Validate(token, "") }})
	time.Sleep(d)
	all = l.stop()
	return float64(len(all.status(200))) / d.Seconds(), all
}

func TestFault_F33_TheReaderOfTheLogHangs(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 1, redis.Addr)
	n, token := in.nodes[0], in.service(t)
	const offered = 300 // a second: what is left of the CPUs must not decide
	checks := call{"validate", func() e2e.Answer { return n.Validate(token, "") }}
	run := func() (samples, float64) {
		l := startOpenLoad(t, offered, checks)
		time.Sleep(4 * time.Second)
		all := l.stop()
		return all, float64(len(all.status(200))) / 4
	}
	_, usual := run()
	release := n.HoldOutput()
	var held float64
	var all samples
	done := make(chan bool)
	go func() {
		defer close(done)
		all, held = run()
	}()
	released := false
	select {
	case <-done:
	case <-time.After(8 * time.Second): // the callers wait, too
		release()
		released = true
		<-done
	}
	if !released {
		release()
	}
	alive := n.AwaitStatus("/livez", 200) < 2*time.Second
	dropped := metric(n, "tollgate_log_dropped_lines_total")
	record(t, "F33", held >= .95*usual && alive, "%.0f/s → %.0f/s, slowest answer %s; %.0f lines dropped and counted", usual, held, ms(all.quantile(1)), dropped)
}

func TestFault_F34_NoFileDescriptorsAreLeft(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 1, redis.Addr)
	n, token := in.nodes[0], in.service(t)
	open, err := os.ReadDir("/proc/" + strconv.Itoa(n.PID) + "/fd")
	if err != nil {
		absent(t, "F34", "needs /proc")
		return
	}
	limit := unix.Rlimit{Cur: uint64(len(open) + 50), Max: uint64(len(open) + 50)}
	if err := unix.Prlimit(n.PID, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
		t.Fatal(err)
	}
	var idle []net.Conn
	for range 200 {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(n.URL, "http://"), time.Second)
		if err != nil {
			break
		}
		idle = append(idle, conn)
	}
	time.Sleep(500 * time.Millisecond)
	used := cpu(t, n.PID)
	time.Sleep(2 * time.Second)
	busy := float64(cpu(t, n.PID)-used) / 2
	for _, conn := range idle {
		conn.Close()
	}
	e2e.CloseConnections()
	back := until(5*time.Second, func() bool { return n.Validate(token, "").Status == 200 })
	crashed := false
	select {
	case <-n.Ended():
		crashed = true
		t.Log(tail(n.Logs(), 5))
	default:
	}
	record(t, "F34", !crashed && busy < 10 && back >= 0 && back <= time.Second,
		"crashed: %t; %.0f %% of a CPU meanwhile; answers %s after the files are back", crashed, busy, ms(back))
}

// cpu is what a process has used, in hundredths of a second; 0 if it is gone.
func cpu(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return user + system
}

func TestFault_F36_ThreeTimesTheLoad(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 1, redis.Addr, "GOMAXPROCS=1")
	n, token := in.nodes[0], in.service(t)
	peak(t, n, token, 8, time.Second)
	best, usual := peak(t, n, token, 16, 3*time.Second)
	l := startOpenLoad(t, int(3*best), call{"validate", func() e2e.Answer { return n.Validate(token, "") }})
	time.Sleep(5 * time.Second)
	all := l.stop()
	good := all.status(200)
	share := float64(len(good)) / 5 / best
	record(t, "F36", share >= .8 && good.quantile(.99) <= 2*usual.quantile(.99),
		"peak %.0f/s with p99 %s; %d/s offered by a generator on the same CPUs: %.0f %% of the peak, p99 %s", best, ms(usual.quantile(.99)), int(3*best), 100*share, ms(good.quantile(.99)))
}

func TestFault_F37_StormOfLogins(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 1, redis.Addr)
	n, token := in.nodes[0], in.service(t)
	checks := call{"validate", func() e2e.Answer { return n.Validate(token, "") }}
	calm := startOpenLoad(t, 200, checks)
	time.Sleep(4 * time.Second)
	before := calm.stop()
	storm := startLoad(t, 32, 0, call{"login", func() e2e.Answer {
		_, err := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword).Code(n, in.web, n.Ask(in.web))
		if err != nil {
			return e2e.Answer{Err: err}
		}
		return e2e.Answer{Status: 200}
	}})
	time.Sleep(time.Second)
	l := startOpenLoad(t, 200, checks)
	time.Sleep(5 * time.Second)
	during := l.stop()
	logins := storm.stop()
	record(t, "F37", during.wantHonest(t, nil) && len(during.status(200)) == len(during) && during.quantile(.99) <= 2*before.quantile(.99),
		"%d logins by 32 callers, %d succeed; /validate p99 %s → %s", len(logins), len(logins.status(200)), ms(before.quantile(.99)), ms(during.quantile(.99)))
}

func TestFault_F46_AGatewayGivesUpAfter200ms(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 1, redis.Addr)
	n := in.nodes[0]
	tokens := make([]string, 2000)
	for i := range tokens {
		tokens[i] = n.ClientCredentials(in.apps.Service).Want(t, 200).Access
	}
	ask := func() samples {
		var next atomic.Int64
		l := startOpenLoad(t, 500, call{"validate", func() e2e.Answer { return n.Validate(tokens[int(next.Add(1)-1)%len(tokens)], "") }})
		time.Sleep(time.Duration(len(tokens)) * time.Second / 500)
		return l.stop()
	}
	n.Restart() // everything is cold
	cold, warm := ask(), ask()
	late := len(warm.only(func(s sample) bool { return s.took > 200*time.Millisecond })) + len(cold.only(func(s sample) bool { return s.took > 200*time.Millisecond }))
	record(t, "F46", cold.wantHonest(t, nil) && warm.wantHonest(t, nil) && warm.quantile(.999) <= 50*time.Millisecond && cold.quantile(.999) <= 200*time.Millisecond,
		"at 500/s over %d tokens: p99.9 cold %s, warm %s; %d answers after 200 ms", len(tokens), ms(cold.quantile(.999)), ms(warm.quantile(.999)), late)
}

func TestFault_F48_ColdStartUnderFullLoad(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 1, redis.Addr)
	n, token := in.nodes[0], in.service(t)
	n.Kill()
	l := startOpenLoad(t, 1000,
		call{"validate", func() e2e.Answer { return n.Validate(token, "") }},
		call{"introspect", func() e2e.Answer { return activeOr500(n.Introspect(in.apps.Gateway, token)) }},
		call{"client_credentials", func() e2e.Answer { return n.ClientCredentials(in.apps.Service).Answer }})
	time.Sleep(500 * time.Millisecond)
	start := time.Now()
	n.Start()
	n.AwaitReady()
	ready := time.Now()
	time.Sleep(2500 * time.Millisecond)
	all := l.stop().between(ready, time.Now())
	first := all[:min(1000, len(all))]
	good := len(first.status(200))
	record(t, "F48", len(first) == 1000 && good == 1000, "ready %s after the start; of the first %d requests %d succeed, p99 %s, slowest %s", ms(ready.Sub(start)), len(first), good, ms(first.quantile(.99)), ms(first.quantile(1)))
}
