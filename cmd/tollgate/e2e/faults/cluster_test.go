//go:build faults

package faults

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// keyed is the end of a key's name that stands for an id (see redistore's key names).
func keyed(ids ...string) string {
	var text []byte
	for _, id := range ids {
		text = append(binary.BigEndian.AppendUint64(text, uint64(len(id))), id...)
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// familyKeys are the keys that a refresh touches beside those of its client: the grant's, the
// session's and the user's, with their consent.
func familyKeys(t *testing.T, prefix, client string, got e2e.Tokens) []string {
	t.Helper()
	var claims struct{ Sub, Sid string }
	parts := strings.Split(got.Access, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	handle, err2 := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(got.Refresh, "tgr_"))
	if err != nil || err2 != nil || len(handle) < 16 || claims.Sub == "" || claims.Sid == "" {
		t.Fatalf("the tokens are of another shape: %v %v %s", err, err2, raw)
	}
	grant := base64.RawURLEncoding.EncodeToString(handle[:16])
	return []string{
		prefix + ":family:{" + grant + "}", prefix + ":revoked:session:" + keyed(claims.Sid), prefix + ":revoked:subject:" + keyed(claims.Sub),
		prefix + ":user:" + keyed(claims.Sub), prefix + ":families:subject:" + keyed(claims.Sub),
		prefix + ":consent:" + keyed(claims.Sub, client),
	}
}

// awayFrom finds a key prefix with which everything that all users of a client share lies on other
// primaries than the victim.
func awayFrom(t *testing.T, c *redistest.Cluster, victim *redistest.Server, client string) string {
	t.Helper()
	for i := range 1000 {
		prefix := fmt.Sprint("e2e", i)
		if !touches(c, victim, prefix+":keys", prefix+":client:"+keyed(client), prefix+":revoked:client:"+keyed(client), prefix+":families:client:"+keyed(client)) {
			return prefix
		}
	}
	t.Fatal("no prefix is far from the victim")
	return ""
}

func touches(c *redistest.Cluster, victim *redistest.Server, keys ...string) bool {
	for _, key := range keys {
		if c.Primary(c.SlotOf(key)) == victim {
			return true
		}
	}
	return false
}

// outageOfPrimary refreshes for users whose every key lies elsewhere, and for users of whom some
// key lies on the primary that is killed.
func outageOfPrimary(t *testing.T) (elsewhere, there samples, back time.Duration, honest bool) {
	t.Helper()
	c := redistest.StartCluster(t, "--cluster-require-full-coverage", "no")
	victim := c.Nodes[1]
	prefix := awayFrom(t, c, victim, "web")
	in := install(t, 1, c.Addresses[0], append(e2e.ClusterEnv(c), "TOLLGATE_REDIS__KEY_PREFIX="+prefix)...)
	n := in.nodes[0]
	const each = 6
	pools := map[bool]*phones{}
	for _, hit := range []bool{true, false} {
		pools[hit] = &phones{n: n, app: in.web, tokens: make(chan string, each)}
	}
	for i := 0; len(pools[true].tokens) < each || len(pools[false].tokens) < each; i++ {
		if i == 200 {
			t.Fatal("too few users lie far from the victim")
		}
		name := fmt.Sprint("user", i)
		n.AddUser(t, name, e2e.DemoPassword)
		got := e2e.NewBrowser(name, e2e.DemoPassword).Login(t, n, in.web)
		select {
		case pools[touches(c, victim, familyKeys(t, prefix, in.web.ID, got)...)].tokens <- got.Refresh:
		default: // there are enough of those
		}
	}
	l := startLoad(t, 2*each, 10*time.Millisecond, call{"elsewhere", pools[false].next}, call{"there", pools[true].next})
	time.Sleep(time.Second)
	down := time.Now()
	victim.Kill()
	time.Sleep(15 * time.Second)
	all := l.stop()
	honest = all.wantHonest(t, nil)
	after := all.between(down, time.Now())
	for _, s := range after.status(503) {
		back = max(back, s.end().Sub(down))
	}
	during := after.between(down, down.Add(back))
	return during.named("elsewhere"), during.named("there"), back, honest
}

func TestFault_F07_AClusterPrimaryIsKilled(t *testing.T) {
	elsewhere, there, back, honest := outageOfPrimary(t)
	usual := failover(t, clusterGroup(t), 0)
	sure := strictly(t, clusterGroup(t))
	disturbed := len(elsewhere) - len(elsewhere.status(200))
	record(t, "F07", honest && usual.honest && sure.honest && back <= 15*time.Second && len(elsewhere) > 0 && disturbed == 0,
		"back after %s; meanwhile %d of %d refreshes fail whose keys lie elsewhere (slowest %s), %d of %d where some key lay there; of another run: %s; in strict mode: %s",
		ms(back), disturbed, len(elsewhere), ms(elsewhere.quantile(1)), len(there)-len(there.status(200)), len(there), usual, sure)
}
