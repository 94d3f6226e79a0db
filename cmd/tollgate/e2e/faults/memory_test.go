//go:build faults

package faults

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

func TestFault_F11_RedisIsOutOfMemory(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 1, redis.Addr)
	n := in.nodes[0]
	token, refresh := in.service(t), in.alice.Login(t, n, in.web)
	code, verifier := in.code(t, n)
	redis.Text(t, "CONFIG", "SET", "maxmemory", "1")

	const checks = 200
	good := 0
	for range checks / 2 {
		if n.Validate(token, "").Status == 200 {
			good++
		}
		if n.Introspect(in.apps.Gateway, token).Active() {
			good++
		}
	}
	issuing := map[string]int{
		"code":    n.Exchange(in.web, code, verifier).Status,
		"refresh": n.Refresh(in.web, refresh.Refresh).Status,
	}
	_, err := in.alice.Code(n, in.web, n.Ask(in.web))
	revoke := n.Revoke(in.apps.Service, token).Status
	accepted := n.Validate(token, "").Status == 200
	if revoke == 200 && accepted {
		t.Error("/revoke said 200 and the token is still good")
	}
	redis.Text(t, "CONFIG", "SET", "maxmemory", "0")
	if got := n.Refresh(in.web, refresh.Refresh); got.Status != 200 {
		t.Errorf("the refresh token did not survive: %d %s", got.Status, got.Body)
	}
	if got := n.Exchange(in.web, code, verifier); got.Status != 200 {
		t.Errorf("the code did not survive: %d %s", got.Status, got.Body)
	}
	record(t, "F11", good == checks && issuing["code"] == 503 && issuing["refresh"] == 503 && err != nil && (revoke == 503 || revoke == 200),
		"%d of %d checks good; code %d, refresh %d, /revoke %d; afterwards code and refresh token are good", good, checks, issuing["code"], issuing["refresh"], revoke)
}

func TestFault_F12_RedisEvicts(t *testing.T) {
	redis := redistest.Start(t, "--maxmemory-policy", "allkeys-lru")
	in := install(t, 1, redis.Addr)
	var health, log bool
	until(3e9, func() bool {
		health = strings.Contains(string(in.nodes[0].GetOps("/healthz").Body), "noeviction")
		log = strings.Contains(in.nodes[0].Logs(), "noeviction")
		return health && log
	})
	record(t, "F12", health && log, "named with its fix: in the log %t, in /healthz %t", log, health)
}

// yesterday puts Redis back to what it held when day was called.
type yesterday struct{ dir, copy string }

func startWithDisk(t *testing.T) (*redistest.Server, *yesterday) {
	t.Helper()
	y := &yesterday{dir: t.TempDir(), copy: t.TempDir()}
	return redistest.Start(t, "--dir", y.dir, "--appendfsync", "always"), y
}

func (y *yesterday) save(t *testing.T, redis *redistest.Server) {
	t.Helper()
	redis.Stop()
	copyFolder(t, y.dir, y.copy)
	redis.Restart()
}

func (y *yesterday) restore(t *testing.T, redis *redistest.Server) {
	t.Helper()
	redis.Kill()
	if err := os.RemoveAll(filepath.Join(y.dir, "appendonlydir")); err != nil {
		t.Fatal(err)
	}
	copyFolder(t, y.copy, y.dir)
	redis.Restart()
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, _ := filepath.Rel(from, path)
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, relative), 0o700)
		}
		source, err := os.Open(path)
		if err != nil {
			return err
		}
		defer source.Close()
		target, err := os.Create(filepath.Join(to, relative))
		if err != nil {
			return err
		}
		defer target.Close()
		_, err = io.Copy(target, source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFault_F44_DataAreLostOrOld(t *testing.T) {
	redis, y := startWithDisk(t)
	in := install(t, 2, redis.Addr)
	a, b := in.nodes[0], in.nodes[1]
	bad := in.service(t)
	spent, verifier := in.code(t, a)
	stolen := in.alice.Login(t, a, in.web)
	y.save(t, redis)
	a.AwaitReady()
	b.AwaitReady()
	a.Revoke(in.apps.Service, bad).Want(t, 200)
	a.Exchange(in.web, spent, verifier).Want(t, 200)
	next := a.Refresh(in.web, stolen.Refresh).Want(t, 200)
	a.Refresh(in.web, next.Refresh).Want(t, 200)

	time.Sleep(8 * time.Second) // that much older is yesterday
	y.restore(t, redis)
	a.AwaitReady()
	back := map[string]bool{}
	for begin := time.Now(); time.Since(begin) < 3*time.Second; time.Sleep(10 * time.Millisecond) { // at once, and ever after
		for _, n := range in.nodes {
			if n.Validate(bad, "").Status == 200 {
				back["a revoked access token"] = true
			}
		}
		if b.Refresh(in.web, stolen.Refresh).Status == 200 {
			back["a rotated refresh token"] = true
		}
		if b.Exchange(in.web, spent, verifier).Status == 200 {
			back["a used code"] = true
		}
	}
	if len(back) > 0 {
		t.Errorf("after a restore these are accepted: %v", back)
	}
	alarms := 0.
	for _, n := range in.nodes {
		alarms += metric(n, `tollgate_events_total{type="store_rolled_back"}`)
		if !strings.Contains(n.Logs(), "became those of an earlier time") {
			t.Error("a node logs nothing of the older data")
		}
	}

	bad = in.revoked(t)
	live := in.alice.Login(t, a, in.web)
	redis.Text(t, "FLUSHALL")
	var emptied []string
	for _, n := range []*e2e.Node{a, b} {
		for name, token := range map[string]string{"revoked": bad, "live": live.Access} {
			if n.Validate(token, "").Status == 200 {
				emptied = append(emptied, "a "+name+" access token")
			}
		}
		if n.Refresh(in.web, live.Refresh).Status == 200 {
			emptied = append(emptied, "a refresh token")
		}
	}
	if len(emptied) > 0 {
		t.Errorf("after FLUSHALL these are accepted: %v", emptied)
	}
	record(t, "F44", len(back) == 0 && alarms == 1, "after FLUSHALL accepted: %s; after yesterday's data came back: %s; %.0f event tells", list(emptied), list(slices.Sorted(maps.Keys(back))), alarms)
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
