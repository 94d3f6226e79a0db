//go:build faults

package faults

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// installCluster runs a node on a Cluster that serves the slots it has, whatever becomes of others.
func installCluster(t *testing.T) (*redistest.Cluster, *installation) {
	t.Helper()
	c := redistest.StartCluster(t, "--cluster-require-full-coverage", "no")
	return c, install(t, 1, c.Addresses[0], e2e.ClusterEnv(c)...)
}

func TestFault_F08_SlotsMove(t *testing.T) {
	c, in := installCluster(t)
	slots := map[int]bool{}
	l := startLoad(t, 6, 10*time.Millisecond, in.usual(t)...)
	begin := time.Now()
	for len(slots) < 300 && time.Since(begin) < 25*time.Second {
		var next []int
		for _, node := range c.Nodes[:3] {
			for _, key := range keysOf(t, node) { // first those that something lies in
				if slot := c.SlotOf(key); !slots[slot] && len(next) < 10 {
					slots[slot] = true
					next = append(next, slot)
				}
			}
		}
		for len(next) < 20 {
			slot := rand.IntN(16384)
			slots[slot] = true
			next = append(next, slot)
		}
		c.Reshard(next...)
	}
	all := l.stop()
	honest := all.wantHonest(t, wrong)
	errors := len(all.status(503))
	record(t, "F08", honest && errors == 0, "%d slots moved in %s under %d requests: %d answers were 503, slowest %s", len(slots), ms(time.Since(begin)), len(all), errors, ms(all.quantile(1)))
}

func TestFault_F09_TheClusterIsDown(t *testing.T) {
	c, in := installCluster(t)
	n := in.nodes[0]
	l := startLoad(t, 6, 10*time.Millisecond, in.usual(t)...)
	in.alice.Login(t, n, in.web)
	time.Sleep(time.Second)
	// A slot that is neither here nor there answers TRYAGAIN or ASK.
	slot := c.SlotOf("e2e:keys")
	from := c.Primary(slot)
	to := c.Nodes[0]
	if to == from {
		to = c.Nodes[1]
	}
	to.Text(t, "CLUSTER", "SETSLOT", strconv.Itoa(slot), "IMPORTING", from.Text(t, "CLUSTER", "MYID"))
	from.Text(t, "CLUSTER", "SETSLOT", strconv.Itoa(slot), "MIGRATING", to.Text(t, "CLUSTER", "MYID"))
	time.Sleep(2 * time.Second)
	to.Text(t, "CLUSTER", "SETSLOT", strconv.Itoa(slot), "STABLE")
	from.Text(t, "CLUSTER", "SETSLOT", strconv.Itoa(slot), "STABLE")
	for _, node := range c.Nodes {
		node.Text(t, "CONFIG", "SET", "cluster-require-full-coverage", "yes")
	}
	for _, node := range c.Nodes[1:] { // a minority is left: CLUSTERDOWN
		node.Pause()
	}
	time.Sleep(6 * time.Second)
	for _, node := range c.Nodes[1:] {
		node.Continue()
	}
	back := time.Now()
	ready := until(20*time.Second, func() bool { return n.ClientCredentials(in.apps.Service).Status == 200 })
	time.Sleep(time.Second)
	all := l.stop()
	honest := all.wantHonest(t, wrong)
	crossed := strings.Count(n.Logs(), "CROSSSLOT")
	record(t, "F09", honest && crossed == 0 && ready >= 0, "%d answers, %d of them 503, none 500, slowest %s; CROSSSLOT %d times; usual %s after the cluster was back",
		len(all), len(all.status(503)), ms(all.quantile(1)), crossed, ms(time.Since(back)-time.Second))
}
