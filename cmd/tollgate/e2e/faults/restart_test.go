//go:build faults

package faults

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// balancer passes requests on to the nodes that /readyz has last said 200 of, in turn. It never
// repeats one.
type balancer struct {
	url     string
	proxies []*httputil.ReverseProxy
	nodes   []*e2e.Node
	ready   []atomic.Bool
	turn    atomic.Int64
}

const probeEvery = 100 * time.Millisecond

func balance(t *testing.T, nodes []*e2e.Node) *balancer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{url: "http://" + listener.Addr().String(), nodes: nodes, ready: make([]atomic.Bool, len(nodes))}
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	for _, n := range nodes {
		target, _ := url.Parse(n.URL)
		proxy := httputil.NewSingleHostReverseProxy(target)
		proxy.Transport = transport
		b.proxies = append(b.proxies, proxy)
	}
	server := &http.Server{Handler: b}
	go server.Serve(listener)
	done := make(chan bool)
	go b.probe(done)
	t.Cleanup(func() {
		close(done)
		server.Close()
	})
	return b
}

func (b *balancer) probe(done chan bool) {
	probes := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		for i, n := range b.nodes {
			resp, err := probes.Get(n.URL + "/readyz")
			b.ready[i].Store(err == nil && resp.StatusCode == 200)
			if err == nil {
				resp.Body.Close()
			}
		}
		select {
		case <-done:
			return
		case <-time.After(probeEvery):
		}
	}
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	first := int(b.turn.Add(1))
	for next := range b.nodes {
		i := (first + next) % len(b.nodes)
		if b.ready[i].Load() {
			b.proxies[i].ServeHTTP(w, r)
			return
		}
	}
	http.Error(w, "no node is ready", http.StatusBadGateway)
}

func TestFault_F29_RollingRestarts(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 2, redis.Addr)
	b := balance(t, in.nodes)
	front := &e2e.Node{Issuer: in.nodes[0].Issuer, URL: b.url}
	until(5*time.Second, func() bool { return b.ready[0].Load() && b.ready[1].Load() })
	token := in.service(t)
	phones := in.phones(t, front, 8)
	l := startLoad(t, 8, 4*time.Millisecond,
		call{"validate", func() e2e.Answer { return front.Validate(token, "") }},
		call{"introspect", func() e2e.Answer { return activeOr500(front.Introspect(in.apps.Gateway, token)) }},
		call{"client_credentials", func() e2e.Answer { return front.ClientCredentials(in.apps.Service).Answer }},
		call{"refresh", phones.next})
	const restarts = 100
	var slowest time.Duration
	unclean := 0
	for i := range restarts {
		n := in.nodes[i%2]
		begin := time.Now()
		n.Signal(syscall.SIGTERM)
		<-n.Ended()
		slowest = max(slowest, time.Since(begin))
		if code, _ := n.Stop(); code != 0 {
			unclean++
		}
		n.Start()
		if until(5*time.Second, func() bool { return b.ready[i%2].Load() }) < 0 {
			t.Fatalf("restart %d: the node does not come back\n%s", i, tail(n.Logs(), 10))
		}
	}
	all := l.stop()
	failed := all.only(func(s sample) bool { return s.answer.Status != 200 })
	for _, s := range failed {
		t.Logf("%s answered %d: %s %v", s.name, s.answer.Status, s.answer.Body, s.answer.Err)
	}
	for _, n := range in.nodes {
		for line := range strings.Lines(n.Logs()) {
			if strings.Contains(line, `"status":503`) && !strings.Contains(line, `"route":"readyz"`) {
				t.Log(line) // says why
			}
		}
	}
	record(t, "F29", len(failed) == 0 && slowest <= 10*time.Second && unclean == 0, "%d restarts, %d requests, failed: %s; slowest exit %s, %d with another code than 0", restarts, len(all), failed.kinds(), ms(slowest), unclean)
}

func TestFault_F31_ManyKills(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 1, redis.Addr, "TOLLGATE_LOG__LEVEL=error")
	n := in.nodes[0]
	const kills, callers = 1000, 8
	var stop atomic.Bool
	var lost, doubled, rotations atomic.Int64
	var mu sync.Mutex
	var kept []string // access tokens that were acknowledged
	first := in.phones(t, n, callers)
	var group sync.WaitGroup
	for range callers {
		token := <-first.tokens
		group.Go(func() {
			for !stop.Load() {
				got := persist(&stop, func() e2e.Tokens { return n.Refresh(in.web, token) })
				again := persist(&stop, func() e2e.Tokens { return n.Refresh(in.web, token) })
				if stop.Load() {
					return
				}
				if got.Status != 200 || again.Status != 200 {
					lost.Add(1)
					t.Errorf("an acknowledged refresh token is refused: %d, %d %s", got.Status, again.Status, again.Body)
					return
				}
				if got.Refresh != again.Refresh {
					doubled.Add(1)
				}
				rotations.Add(1)
				token = got.Refresh
				mu.Lock()
				kept = append(kept, got.Access)
				mu.Unlock()
			}
		})
	}
	var slowest time.Duration
	begin, done := time.Now(), 0
	for ; done < kills && time.Since(begin) < 4*time.Minute; done++ {
		time.Sleep(time.Duration(done%20) * time.Millisecond)
		n.Kill()
		start := time.Now()
		n.Start()
		n.AwaitReady()
		slowest = max(slowest, time.Since(start))
	}
	stop.Store(true)
	group.Wait()
	refused := 0
	for _, token := range kept {
		if n.Validate(token, "").Status != 200 {
			refused++
		}
	}
	if refused > 0 || doubled.Load() > 0 {
		t.Errorf("%d acknowledged access tokens are refused, %d refresh tokens have two successors", refused, doubled.Load())
	}
	record(t, "F31", done == kills && slowest <= time.Second, "%d kills; %d rotations with a retry each, %d refused, %d doubled; all %d access tokens good; slowest start to ready %s",
		done, rotations.Load(), lost.Load(), doubled.Load(), len(kept)-refused, ms(slowest))
}

// persist repeats a request until it is answered by more than a node that just starts.
func persist(stop *atomic.Bool, call func() e2e.Tokens) (got e2e.Tokens) {
	for !stop.Load() {
		if got = call(); got.Status != 0 && got.Status != 503 {
			return got
		}
		time.Sleep(2 * time.Millisecond)
	}
	return got
}
