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

// supports reports whether the binary takes these settings.
func supports(t *testing.T, redisAddr string, env []string) bool {
	t.Helper()
	n := e2e.NewServe(t, redisAddr, env...)
	_, err := n.CLI("", "config", "check")
	if err != nil {
		t.Log(err)
	}
	return err == nil
}

func sentinelEnv(s *redistest.Sentinel) []string {
	return []string{"TOLLGATE_REDIS__MODE=sentinel", "TOLLGATE_REDIS__ADDRESSES=" + strings.Join(s.Addresses, ","), "TOLLGATE_REDIS__SENTINEL_MASTER=" + s.Master}
}

func clusterEnv(c *redistest.Cluster) []string {
	return []string{"TOLLGATE_REDIS__MODE=cluster", "TOLLGATE_REDIS__ADDRESSES=" + strings.Join(c.Addresses, ",")}
}

// failover kills the primary under load, with rotations and revocations until the very end, and
// returns how long the node was without Redis and how many of the acknowledged changes came back.
func failover(t *testing.T, env ...string) (away time.Duration, resurrected, changes int, honest bool) {
	t.Helper()
	s := redistest.StartSentinel(t, "--appendfsync", "everysec")
	in := install(t, 1, s.Sentinels[0].Addr, append(sentinelEnv(s), env...)...)
	n := in.nodes[0]
	var revoked, rotated []string
	var codes []handedOut
	for range 50 {
		revoked = append(revoked, in.service(t))
		rotated = append(rotated, in.alice.Login(t, n, in.web).Refresh)
		code, verifier := in.code(t, n)
		codes = append(codes, handedOut{code, verifier})
	}
	l := startLoad(t, 6, 10*time.Millisecond, in.usual(t)...)
	time.Sleep(time.Second)
	old := s.Primary()
	killed := time.AfterFunc(150*time.Millisecond, old.Kill) // in the middle of what follows
	defer killed.Stop()
	begin := time.Now().Add(150 * time.Millisecond)
	var keptRevoked, keptCodes []int
	successors := map[int]string{}
	for i := range revoked {
		if n.Revoke(in.apps.Service, revoked[i]).Status == 200 {
			keptRevoked = append(keptRevoked, i)
		}
		if got := n.Refresh(in.web, rotated[i]); got.Status == 200 {
			if again := n.Refresh(in.web, got.Refresh); again.Status == 200 {
				successors[i] = again.Refresh
			}
		}
		if n.Exchange(in.web, codes[i].code, codes[i].verifier).Status == 200 {
			keptCodes = append(keptCodes, i)
		}
		if time.Since(begin) > time.Second {
			break
		}
	}
	s.AwaitPrimaryOtherThan(old)
	if until(20*time.Second, func() bool {
		return n.ClientCredentials(in.apps.Service).Status == 200 && n.Get("/readyz").Status == 200
	}) < 0 {
		t.Fatal("the node does not find the new primary\n" + tail(n.Logs(), 5))
	}
	time.Sleep(time.Second)
	all := l.stop()
	for _, answer := range all.between(begin, time.Now()).status(503) {
		away = max(away, answer.end().Sub(begin))
	}
	for _, i := range keptRevoked {
		if n.Validate(revoked[i], "").Status == 200 {
			resurrected++
		}
	}
	for i := range successors {
		if n.Refresh(in.web, rotated[i]).Status == 200 {
			resurrected++
		}
	}
	for _, i := range keptCodes {
		if n.Exchange(in.web, codes[i].code, codes[i].verifier).Status == 200 {
			resurrected++
		}
	}
	return away, resurrected, len(keptRevoked) + len(successors) + len(keptCodes), all.wantHonest(t, wrong)
}

func TestFault_F06_SentinelFailsOver(t *testing.T) {
	probe := redistest.Start(t)
	if !supports(t, probe.Addr, []string{"TOLLGATE_REDIS__MODE=sentinel", "TOLLGATE_REDIS__SENTINEL_MASTER=tollgate", "TOLLGATE_REDIS__WAIT_REPLICAS=1"}) {
		absent(t, "F06", "no Sentinel client, or no strict mode")
		return
	}
	away, came, of, honest := failover(t)
	strictAway, strictCame, strictOf, strictHonest := failover(t, "TOLLGATE_REDIS__WAIT_REPLICAS=1")
	if strictCame > 0 {
		t.Errorf("strict mode: %d of %d acknowledged changes came back", strictCame, strictOf)
	}
	limit := redistest.SentinelDownAfter + 2*time.Second
	record(t, "F06", honest && strictHonest && away <= limit && strictAway <= limit,
		"unavailable %s, %d of %d acknowledged spendings and revocations undone; in strict mode %s, %d of %d", ms(away), came, of, ms(strictAway), strictCame, strictOf)
}

func installCluster(t *testing.T) (*redistest.Cluster, *installation) {
	t.Helper()
	c := redistest.StartCluster(t, "--cluster-require-full-coverage", "no")
	if !supports(t, c.Addresses[0], clusterEnv(c)) {
		return c, nil
	}
	return c, install(t, 1, c.Addresses[0], clusterEnv(c)...)
}

func TestFault_F07_AClusterPrimaryIsKilled(t *testing.T) {
	c, in := installCluster(t)
	if in == nil {
		absent(t, "F07", "no Cluster client")
		return
	}
	n := in.nodes[0]
	// Refreshes of many grants fall on all slots; the record of the client and the keys lie on one.
	phones := in.phones(t, n, 24)
	service := c.SlotOf(keyLike(t, c, ":client:"))
	keys := c.SlotOf("e2e:keys")
	victim := c.Primary(0)
	for slot := 0; c.Primary(service) == victim || c.Primary(keys) == victim; slot += 16383 / 2 {
		victim = c.Primary(min(slot, 16383))
		if slot > 16383 {
			break
		}
	}
	bad := in.revoked(t)
	l := startLoad(t, 8, 10*time.Millisecond, call{"refresh", phones.next},
		call{"revoked", func() e2e.Answer { return n.Validate(bad, "") }})
	time.Sleep(time.Second)
	down := time.Now()
	victim.Kill()
	time.Sleep(18 * time.Second)
	all := l.stop()
	honest := all.wantHonest(t, wrong)
	outage := all.between(down, time.Now())
	last := time.Duration(0)
	for _, s := range outage.status(503) {
		last = max(last, s.end().Sub(down))
	}
	refreshes := outage.between(down, down.Add(last)).named("refresh")
	share := float64(len(refreshes.status(200))) / float64(max(1, len(refreshes)))
	record(t, "F07", honest && last <= 15*time.Second && share >= .6, // two thirds of the grants lie elsewhere
		"in the %s until the last 503, %.0f %% of the refreshes on all slots succeed; slowest answer %s", ms(last), 100*share, ms(outage.quantile(1)))
}

// keyLike returns some key that has a part.
func keyLike(t *testing.T, c *redistest.Cluster, part string) string {
	t.Helper()
	for _, node := range c.Nodes {
		for _, key := range keysOf(t, node) {
			if strings.Contains(key, part) {
				return key
			}
		}
	}
	t.Fatalf("no key has %q", part)
	return ""
}

func TestFault_F08_SlotsMove(t *testing.T) {
	c, in := installCluster(t)
	if in == nil {
		absent(t, "F08", "no Cluster client")
		return
	}
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
	if in == nil {
		absent(t, "F09", "no Cluster client")
		return
	}
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
