//go:build attacks

package attacks

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

func collisions(x *trial) {
	id := e2e.Random()[:8]
	apps := []e2e.App{x.app("client_id", id), x.app("client_id", id+"a"), x.app("client_id", "a"+id), x.service}
	tokens := make([]string, 0, 40)
	for range 10 {
		for _, app := range apps {
			tokens = append(tokens, x.tokenOf(app))
		}
	}
	x.moved(1000, func(i int) string {
		token := tokens[i%len(tokens)]
		switch a := x.node.Validate(token, ""); {
		case a.Status != 200 || a.Header.Get("X-Auth-Token-Id") != claimsOf(token)["jti"] || a.Header.Get("X-Auth-Client") != claimsOf(token)["client_id"]:
			return fmt.Sprintf("%d %v", a.Status, a.Header)
		}
		half := len(token) / 2
		if a := x.node.Validate(token[:half]+tokens[(i+1)%len(tokens)][half:], ""); a.Status != 401 {
			return fmt.Sprintf("halves of two tokens: %d", a.Status)
		}
		return ""
	})
	x.moved(1000, func(i int) string { // the same bytes, cut elsewhere
		app := apps[i%len(apps)]
		if a := x.node.Introspect(app, tokens[i%len(apps)]); !a.Active() {
			return fmt.Sprintf("its own token: %d %s", a.Status, a.Body)
		}
		wrong := e2e.App{ID: app.ID + app.Secret[:1], Secret: app.Secret[1:]}
		if a := x.node.Introspect(wrong, tokens[i%len(apps)]); a.Status != 401 {
			return fmt.Sprintf("credentials cut elsewhere: %d", a.Status)
		}
		return ""
	})
}

// moved runs f often, a hundred at a time, and wants it to find nothing.
func (x *trial) moved(n int, f func(i int) (problem string)) {
	x.Helper()
	var wrong atomic.Int64
	var first atomic.Value
	for from := 0; from < n; from += 100 {
		together(100, func(i int) {
			if problem := f(from + i); problem != "" {
				wrong.Add(1)
				first.CompareAndSwap(nil, problem)
			}
		})
	}
	if wrong.Load() > 0 {
		x.Errorf("%d of %d: %v", wrong.Load(), n, first.Load())
	}
	x.note("%d of %d as they should be", n-int(wrong.Load()), n)
}

// Nodes learn of a key that they do not know by asking Redis, a hundred times a second at most, however
// many made-up key ids come along.
func newKeyAfterJunk(x *trial) {
	x.moveOut()
	x.withPeer()
	last := x.nodes()[len(x.nodes())-1]
	before := partsOf(x.token).member("kid")
	ctx, stop := context.WithCancel(x.Context())
	var junk sync.WaitGroup
	for range 50 {
		junk.Go(func() {
			for ctx.Err() == nil {
				made := strangersKey().sign(`{"alg":"RS256","kid":"`+e2e.Random()+`","typ":"at+jwt"}`, partsOf(x.token).claims)
				if a := last.Validate(made, ""); a.Status != 401 {
					x.Errorf("a made-up key id is answered %d", a.Status)
					return
				}
			}
		})
	}
	defer junk.Wait()
	defer stop()
	time.Sleep(time.Second)
	x.node.Admin("POST", "/keys/rotate", map[string]any{"at_once": true}).Want(x.T, 204)
	token := x.tokenOf(x.service)
	if partsOf(token).member("kid") == before {
		x.Fatal("the key did not change")
	}
	start := time.Now()
	x.good(x.saw(last.Validate(token, "")))
	if took := time.Since(start); took > 600*time.Millisecond {
		x.Errorf("answered after %s", took)
	}
}

func madeUpHandles(x *trial) {
	refresh := x.alice("").Refresh
	var before map[string]int
	if x.store != "memory" {
		before = x.commands()
	}
	const requests = 5000
	together(10, func(int) {
		for range requests / 10 {
			made := refresh[:4] + e2e.Random() + e2e.Random()[:len(refresh)-47]
			if a := x.node.Introspect(x.gateway, made); a.Active() || a.Status != 200 {
				x.Errorf("answered %d %s", a.Status, a.Body)
				return
			}
		}
	})
	if x.store == "memory" {
		x.note("%d of %d inactive", requests, requests)
		return
	}
	if ran, which := x.ran(before); ran > requests/100+idleCommands {
		x.Errorf("%d commands for %d requests:%s", ran, requests, which)
	}
	hits := x.counter("tollgate_claims_cache_hits_total")
	if x.good(x.bearer("/validate", x.token)); x.counter("tollgate_claims_cache_hits_total") == hits {
		x.Error("junk has pushed a good token out of the cache")
	}
	x.note("%d of %d inactive, less than one command of Redis in a hundred requests", requests, requests)
}

// idleCommands is what the nodes do by themselves in the seconds that a row takes, housekeeping aside.
const idleCommands = 100

// counter is the value of a series.
func (x *trial) counter(name string) int {
	x.Helper()
	for line := range strings.Lines(string(x.node.GetOps("/metrics").Body)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil {
				x.Fatal(err)
			}
			return n
		}
	}
	x.Fatalf("there is no %s", name)
	return 0
}

func revokedInOutage(x *trial) {
	if x.store == "memory" {
		token := x.tokenOf(x.service)
		x.alive(token)
		x.node.Revoke(x.service, token).Want(x.T, 200)
		x.ended(token)
		return
	}
	x.outage = true
	servers := x.moveFar()
	x.withPeer()
	revoked, good := x.tokenOf(x.service), x.tokenOf(x.service)
	x.alive(revoked)
	x.alive(good)
	x.node.Revoke(x.service, revoked).Want(x.T, 200)
	each(servers, func(s *redistest.Server) { s.Do("CLIENT", "KILL", "TYPE", "normal") })
	x.never200(revoked, spreadTime, 2*time.Second)
	each(servers, (*redistest.Server).Pause)
	defer each(servers, (*redistest.Server).Continue)
	x.never200(revoked, 0, 500*time.Millisecond)
	time.Sleep(1500 * time.Millisecond) // max_stale, and how long it takes to notice
	for _, n := range x.nodes() {
		x.status(x.saw(n.Validate(revoked, "")), 401, 503)
		a := x.saw(n.Validate(good, ""))
		if x.status(a, 503); a.Header.Get("Retry-After") == "" {
			x.Error("a 503 that does not say when to come back")
		}
	}
	each(servers, (*redistest.Server).Continue)
	x.node.AwaitReady()
	x.peer.AwaitReady()
	x.status(x.insist(func() answer { return x.saw(x.node.Validate(revoked, "")) }), 401)
	x.status(x.insist(func() answer { return x.saw(x.node.Validate(good, "")) }), 200)
	x.insist(func() answer { return x.saw(x.node.Validate(x.token, "")) })
}

// never200 asks every node, after some grace, for some time.
func (x *trial) never200(token string, grace, during time.Duration) {
	x.Helper()
	time.Sleep(grace)
	for start := time.Now(); time.Since(start) < during; time.Sleep(5 * time.Millisecond) {
		for _, n := range x.nodes() {
			if a := n.Validate(token, ""); a.Status == 200 {
				x.Errorf("%s accepts what was revoked, %s later", n, time.Since(start)+grace)
				return
			}
		}
	}
}

func expiredToken(x *trial) {
	x.moveOut("TOLLGATE_TOKENS__ACCESS_TTL=2s")
	token := x.tokenOf(x.service)
	expires := time.Unix(int64(claimsOf(token)["exp"].(float64)), 0)
	x.good(x.bearer("/validate", token))
	for x.node.Validate(token, "").Status == 200 {
		if time.Since(expires) > 30*time.Second {
			x.Fatal("accepted 30 s after its end")
		}
		time.Sleep(50 * time.Millisecond)
	}
	late := time.Since(expires)
	if late > leeway+2*time.Second || late < 0 {
		x.Errorf("accepted until %s after its end", late)
	}
	x.challenged(x.bearer("/validate", token), 401, "invalid_token")
	x.inactive(x.introspect(x.gateway, token))
	x.Logf("accepted until %s after its end", late)
	x.resume()
}
