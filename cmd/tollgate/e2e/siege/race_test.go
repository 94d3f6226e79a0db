//go:build siege

package siege

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

const (
	racers     = 100
	raceRounds = 10_000
	raceTime   = 20 * time.Minute             // of one race, on any machine; how many rounds there were by then stands in the table
	hereTime   = 500 * time.Millisecond       // for what one node has acknowledged to be known on the other
	plainScope = "offline_access orders:read" // without an id_token, which would only cost time here
)

// track is two nodes on one Redis.
type track struct {
	redis *redistest.Server
	nodes []*e2e.Node
	apps  e2e.Apps
	web   e2e.App // that asks for plainScope

	won atomic.Int64 // tokens that callers got before what ends them, or beside it
}

func newTrack(t *testing.T, env ...string) *track {
	t.Helper()
	redis := redistest.Start(t, "--auto-aof-rewrite-percentage", "0") // rewriting would take turns with the races
	first := e2e.StartServe(t, redis.Addr, append([]string{"TOLLGATE_TOKENS__SIGNING_ALG=EdDSA", "TOLLGATE_LOG__LEVEL=error"}, env...)...)
	k := &track{redis: redis, nodes: []*e2e.Node{first, first.Peer()}, apps: first.Seed(t)}
	k.web = k.apps.Web
	k.web.Scope = plainScope
	return k
}

// node is whom a caller asks: they take turns.
func (k *track) node(caller int) *e2e.Node { return k.nodes[caller%len(k.nodes)] }

// lane is where rounds are run one after the other, by a hundred callers of its own.
type lane struct {
	*track
	callers []*caller
	alice   *e2e.Browser // signed in, and has agreed to plainScope
	cookies string       // of hers
}

// wins counts the answers with tokens in them.
func (k *track) wins(all []e2e.Tokens) {
	for _, tokens := range all {
		if tokens.Access != "" {
			k.won.Add(1)
		}
	}
}

// race runs rounds until there were enough, or no more time. A round says what went wrong, or nothing.
// beside is what the table says of the race besides.
//
// Rounds of several lanes are run side by side: while one prepares what its callers are to race for, the
// nodes are busy with another's. They share nothing but the nodes and Redis.
func (k *track) race(t *testing.T, id, beside string, lanes int, round func(l *lane, i int) string) {
	t.Helper()
	want := int64(size(t, "SIEGE_ROUNDS", raceRounds))
	all := make([]*lane, lanes)
	for i := range all {
		all[i] = k.lane(t)
		defer hangUp(all[i].callers)
	}
	start := time.Now()
	var begun, rounds, wrong atomic.Int64
	var done sync.WaitGroup
	for _, l := range all {
		done.Go(func() {
			for time.Since(start) < raceTime {
				i := begun.Add(1) - 1
				if i >= want {
					return
				}
				if what := round(l, int(i)); what != "" && wrong.Add(1) <= 20 {
					t.Errorf("%s round %d: %s", short(time.Since(start)), i, what)
				}
				rounds.Add(1)
			}
		})
	}
	done.Wait()
	took := time.Since(start)
	if wrong.Load() > 0 {
		k.tell(t)
	}
	text := fmt.Sprintf("%d rounds x %d callers on 2 nodes in %s: %d went wrong", rounds.Load(), racers, short(took), wrong.Load())
	if won := k.won.Load(); won > 0 {
		text += fmt.Sprintf("; %d callers were given tokens", won)
	}
	record(t, id, wrong.Load() == 0 && rounds.Load() > 0, "%s%s", text, beside)
}

// tell logs what the nodes and Redis have to say of what went wrong.
func (k *track) tell(t *testing.T) {
	for _, n := range k.nodes {
		logs := n.Logs()
		t.Logf("%v wrote at last: %s", n, logs[max(0, len(logs)-2000):])
	}
	for _, field := range []string{"uptime_in_seconds", "used_memory_human", "aof_last_write_status", "aof_delayed_fsync"} {
		t.Logf("Redis' %s: %q", field, k.redis.Field(field))
	}
}

func (k *track) lane(t *testing.T) *lane {
	t.Helper()
	l := &lane{track: k, callers: k.callers(), alice: e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)}
	l.alice.Login(t, k.nodes[0], k.web)
	l.cookies = cookiesOf(l.alice, k.nodes[0])
	return l
}

// dead says what of the tokens is still good. Access tokens are shown to both nodes.
func (l *lane) dead(all []e2e.Tokens) string {
	var access, refresh []string
	seen := map[string]bool{"": true}
	for _, tokens := range all {
		if !seen[tokens.Access] {
			access = append(access, tokens.Access)
		}
		if !seen[tokens.Refresh] {
			refresh = append(refresh, tokens.Refresh)
		}
		seen[tokens.Access], seen[tokens.Refresh] = true, true
	}
	start := time.Now()
	var good atomic.Int64
	together(l.callers, func(i int, c *caller) {
		for ; i < len(access); i += len(l.callers) {
			for _, n := range l.nodes {
				for c.validate(n, access[i]) != 401 {
					if time.Since(start) > hereTime {
						good.Add(1)
						break
					}
				}
			}
		}
	})
	if good.Load() > 0 {
		return fmt.Sprintf("%d of %d access tokens are good", good.Load(), len(access))
	}
	answers := make([]int, len(refresh))
	together(l.callers, func(i int, c *caller) {
		for ; i < len(refresh); i += len(l.callers) {
			answers[i] = c.refresh(c.home, l.web, refresh[i]).Status
		}
	})
	for _, status := range answers {
		if status != 400 {
			return fmt.Sprintf("a refresh token is answered %d", status)
		}
	}
	return ""
}
