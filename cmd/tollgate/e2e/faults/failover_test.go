//go:build faults

package faults

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// strict lets a node acknowledge only what so many replicas have.
func strict(replicas int) string { return fmt.Sprint("TOLLGATE_REDIS__WAIT_REPLICAS=", replicas) }

// group is a Redis whose primary a replica replaces.
type group struct {
	redis    e2e.Redis
	primary  *redistest.Server
	replicas []*redistest.Server
	returns  bool // the primary comes back, as a replica: the new one has too few others
}

func sentinelGroup(t *testing.T, args ...string) group {
	t.Helper()
	s := redistest.StartSentinel(t, args...)
	return group{e2e.Redis{Addr: s.Addresses[0], Env: e2e.SentinelEnv(s)}, s.Data[0], s.Data[1:], false}
}

func clusterGroup(t *testing.T) group {
	t.Helper()
	c := redistest.StartCluster(t, "--cluster-require-full-coverage", "no")
	return group{e2e.Redis{Addr: c.Addresses[0], Env: e2e.ClusterEnv(c)}, c.Nodes[0], c.Nodes[3:4], true}
}

// behind is for how long the replicas are cut off before the primary dies: what it acknowledges alone
// in that time is what a failover can lose.
const behind = 100 * time.Millisecond

// die cuts the replicas off, and kills the primary while it is ahead of them.
func (g group) die(t *testing.T) {
	t.Helper()
	g.primary.Text(t, "ACL", "SETUSER", "default", "-psync", "-sync") // they may not come back
	g.primary.Text(t, "CLIENT", "KILL", "TYPE", "replica")
	time.Sleep(behind)
	g.primary.Kill()
}

// promoted reports whether a replica has taken the primary's place.
func (g group) promoted() bool {
	for _, replica := range g.replicas {
		if replica.Field("role") == "master" {
			return true
		}
	}
	return false
}

// history is what clients do until the primary dies under their hands: each item is a token to
// revoke, a refresh token to use twice and a code to use, and whether that was acknowledged.
type history struct {
	items []*chapter
}

type chapter struct {
	token, refresh, next string
	code                 handedOut
	revoked, rotated     bool
	used                 bool
}

const chapters, writers = 400, 8

func prepare(t *testing.T, in *installation, n *e2e.Node) *history {
	t.Helper()
	h := &history{}
	for range chapters {
		c := &chapter{token: in.service(t), refresh: in.alice.Login(t, n, in.web).Refresh}
		c.code.code, c.code.verifier = in.code(t, n)
		h.items = append(h.items, c)
	}
	return h
}

// write goes on for a second after the kill.
func (h *history) write(in *installation, n *e2e.Node, end time.Time) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for time.Now().Before(end) {
				i := int(next.Add(1)) - 1
				if i >= len(h.items) {
					return
				}
				c := h.items[i]
				c.revoked = n.Revoke(in.apps.Service, c.token).Status == 200
				if got := n.Refresh(in.web, c.refresh); got.Status == 200 {
					again := n.Refresh(in.web, got.Refresh)
					c.rotated, c.next = again.Status == 200, again.Refresh
				}
				c.used = n.Exchange(in.web, c.code.code, c.code.verifier).Status == 200
				time.Sleep(5 * time.Millisecond) // so that the kill falls in between
			}
		})
	}
	group.Wait()
}

// read counts what was acknowledged, what of it came back, and which successors were lost. Using an
// old refresh token ends its family, so each family answers one of the questions only.
func (h *history) read(in *installation, n *e2e.Node) (undone, lost, of int) {
	for i, c := range h.items {
		if c.revoked {
			of++
			if n.Validate(c.token, "").Status == 200 {
				undone++
			}
		}
		if c.rotated {
			of++
			switch {
			case i%2 == 0 && n.Refresh(in.web, c.refresh).Status == 200:
				undone++
			case i%2 == 1 && patiently(func() e2e.Tokens { return n.Refresh(in.web, c.next) }).Status != 200:
				lost++
			}
		}
		if c.used {
			of++
			if n.Exchange(in.web, c.code.code, c.code.verifier).Status == 200 {
				undone++
			}
		}
	}
	return undone, lost, of
}

// outcome is what a failover was for those who live through it.
type outcome struct {
	promoted         time.Duration // after the kill
	away             time.Duration // until the last 503 after the kill
	undone, lost, of int           // of what was acknowledged
	honest           bool
}

func (o outcome) String() string {
	return fmt.Sprintf("a replica promoted after %s, served again %s after the kill, %d of %d acknowledged changes undone, %d successors lost", ms(o.promoted), ms(o.away), o.undone, o.of, o.lost)
}

// failover kills the primary while it is written to, where so many replicas confirm what is
// acknowledged. If they are all there are, none of it may be undone.
func failover(t *testing.T, g group, confirm int) (o outcome) {
	t.Helper()
	in := install(t, 1, g.redis.Addr, append(g.redis.Env, strict(confirm))...)
	n := in.nodes[0]
	h, probe := prepare(t, in, n), in.service(t)
	calls := in.usual(t)
	if confirm < len(g.replicas) {
		calls = calls[:4] // a phone may lose a refresh token here: that is counted, and no wrong answer
	}
	l := startLoad(t, 6, 10*time.Millisecond, calls...)
	time.Sleep(time.Second)
	var begin time.Time
	var killing sync.WaitGroup
	killing.Go(func() {
		time.Sleep(200 * time.Millisecond)
		g.die(t)
		begin = time.Now()
	})
	h.write(in, n, time.Now().Add(1200*time.Millisecond))
	killing.Wait()
	chosen := until(40*time.Second, g.promoted)
	o.promoted = time.Since(begin)
	if chosen >= 0 && g.returns {
		g.primary.Restart()
	}
	back := func() bool {
		return n.Revoke(in.apps.Service, probe).Status == 200 && n.Get("/readyz").Status == 200
	}
	if chosen < 0 || until(40*time.Second, back) < 0 {
		t.Fatal("the node does not find a new primary\n" + tail(n.Logs(), 5))
	}
	time.Sleep(3 * time.Second)
	all := l.stop()
	for _, s := range all.between(begin.Add(-250*time.Millisecond), time.Now()).status(503) {
		o.away = max(o.away, s.end().Sub(begin))
	}
	o.honest = all.wantHonest(t, wrong)
	o.undone, o.lost, o.of = h.read(in, n)
	return o
}

// strictly is failover where all replicas confirm, and nothing that was acknowledged may be undone.
// While the new primary has fewer of them, nothing is acknowledged.
func strictly(t *testing.T, g group) outcome {
	t.Helper()
	g.returns = true
	o := failover(t, g, len(g.replicas))
	if o.undone+o.lost > 0 {
		t.Errorf("strict mode: %s", o)
	}
	return o
}

func TestFault_F06_SentinelFailsOver(t *testing.T) {
	usual := failover(t, sentinelGroup(t), 0)
	one := failover(t, sentinelGroup(t), 1)
	// What cannot be confirmed is not done either: a phone whose token was traded, and who is not told
	// for longer than it may retry, would be logged out.
	sure := strictly(t, sentinelGroup(t, "--min-replicas-to-write", "2"))
	soon := func(o outcome) bool {
		return o.away <= max(redistest.SentinelDownAfter+2*time.Second, o.promoted+time.Second)
	}
	record(t, "F06", usual.honest && one.honest && sure.honest && soon(usual) && soon(one) && sure.undone+sure.lost == 0,
		"%s; where one of two replicas confirms: %s; where both do, and the old primary comes back: %s", usual, one, sure)
}
