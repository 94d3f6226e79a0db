package redisx_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// awaitWrites returns when a write succeeds.
func awaitWrites(t *testing.T, c *redisx.Client, key string, within time.Duration) time.Duration {
	t.Helper()
	start := time.Now()
	var err error
	for time.Since(start) < within {
		if err = set(c, key, "v"); err == nil {
			return time.Since(start)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("no write after %v: %v", within, err)
	return 0
}

func TestSentinel_FollowsThePrimary(t *testing.T) {
	s := redistest.StartSentinel(t)
	c := open(t, redisx.Config{Mode: redisx.Sentinel, Addresses: s.Addresses, SentinelMaster: s.Master,
		CachedPrefixes: []string{"c:"}, Timeout: timeout})
	awaitWrites(t, c, "c:k", 2*time.Second)
	primary := s.Primary()
	t.Run("row F6: an ordered failover", func(t *testing.T) {
		primary = s.Failover()
		t.Log("writes again after", awaitWrites(t, c, "c:k", 5*time.Second))
	})
	t.Run("row F6: a primary that died", func(t *testing.T) {
		awaitRole(t, s, primary)
		primary.Kill()
		if err := set(c, "c:k", "v"); !errors.Is(err, redisx.ErrUnavailable) {
			t.Errorf("without a primary: %v", err)
		}
		s.AwaitPrimaryOtherThan(primary) // which is not ours to hurry
		t.Log("writes again after", awaitWrites(t, c, "c:k", 5*time.Second))
	})
}

// awaitRole returns once the server has both replicas, so that it can be failed over again.
func awaitRole(t *testing.T, s *redistest.Sentinel, primary *redistest.Server) {
	t.Helper()
	for range 500 {
		if s.Primary() == primary && primary.Field("connected_slaves") == "2" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the replicas do not follow the new primary")
}

func TestSentinel_IsWaitedFor(t *testing.T) {
	s := redistest.StartSentinel(t)
	for _, sentinel := range s.Sentinels {
		sentinel.Kill()
	}
	var c *redisx.Client
	took := fastest(func() time.Duration {
		start := time.Now()
		c = open(t, redisx.Config{Mode: redisx.Sentinel, Addresses: s.Addresses, SentinelMaster: s.Master, Timeout: timeout})
		if err := set(c, "k", "v"); !errors.Is(err, redisx.ErrUnavailable) {
			t.Errorf("without Sentinels: %v", err)
		}
		return time.Since(start)
	})
	if took > time.Second {
		t.Errorf("opening took %v", took)
	}
	for _, sentinel := range s.Sentinels {
		sentinel.Restart()
	}
	awaitWrites(t, c, "k", 3*time.Second)
}

func TestCluster_ServesEverySlot(t *testing.T) {
	s := redistest.StartCluster(t)
	c := open(t, redisx.Config{Mode: redisx.Cluster, Addresses: s.Addresses[:2], CachedPrefixes: []string{"c:"}, Timeout: timeout})
	awaitWrites(t, c, "k", 2*time.Second)
	count := redisx.NewScript("return redis.call('INCR', KEYS[1])")
	for i := range 200 {
		key := fmt.Sprint("c:", i)
		if _, err := count.Exec(context.Background(), c, "count", []string{key}); err != nil {
			t.Fatal(err)
		}
	}
	reads := make([]redisx.Read, 200)
	for i := range reads {
		reads[i].Key = fmt.Sprint("c:", i)
	}
	for range 2 {
		for i, reply := range c.ReadCached(context.Background(), "many", reads...) {
			if v, err := reply.ToString(); reply.Err != nil || v != "1" {
				t.Fatalf("key %d: %q, %v, %v", i, v, err, reply.Err)
			}
		}
	}

	t.Run("row F8: slots that move are followed", func(t *testing.T) {
		s.Reshard(s.SlotOf("c:1"), s.SlotOf("c:2"), s.SlotOf("c:3"))
		for _, key := range []string{"c:1", "c:2", "c:3"} {
			if v, err := get(c, key); v != "1" || err != nil {
				t.Errorf("%s: %q, %v", key, v, err)
			}
		}
	})

	t.Run("row F7: a dead primary takes only its own slots with it", func(t *testing.T) {
		dead := s.SlotOf("c:1")
		primary := s.Primary(dead)
		var lost, kept []string
		for i := range 200 {
			key := fmt.Sprint("c:", i)
			if s.Primary(s.SlotOf(key)) == primary {
				lost = append(lost, key)
			} else {
				kept = append(kept, key)
			}
		}
		s.KillPrimary(dead)
		failed, killed := 0, time.Now()
		for i := range 3 * len(kept) {
			set(c, lost[i%len(lost)], "v")
			err := set(c, kept[i%len(kept)], "v")
			if time.Since(killed) > redistest.ClusterNodeTimeout/2 {
				break // soon the others learn of it, and then none serves until the replica does
			}
			if err != nil {
				failed++
			}
		}
		if failed > 0 {
			t.Errorf("%d commands on slots of live primaries failed", failed)
		}
		start := time.Now()
		s.AwaitPrimary(dead)
		t.Log("a replica took over after", time.Since(start))
		awaitWrites(t, c, "c:1", 3*time.Second)
	})
}

func TestTLS_FilesAreReadForEveryConnection(t *testing.T) {
	s := redistest.StartTLS(t)
	files := &redisx.TLS{CAFile: s.CAFile, CertFile: s.CertFile, KeyFile: s.KeyFile}
	c := open(t, redisx.Config{Addresses: []string{s.Addr}, TLS: files})
	awaitUp(t, c)

	t.Run("row F22: certificates of both sides change", func(t *testing.T) {
		s.Issue("client", time.Hour)
		s.Renew(time.Hour)
		s.Do("CLIENT", "KILL", "TYPE", "normal")
		awaitUp(t, c)
	})
	t.Run("row F22: a file that is garbage is not used", func(t *testing.T) {
		good, err := os.ReadFile(s.CertFile)
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile(s.CertFile, []byte("garbage"), 0o600)
		s.Do("CLIENT", "KILL", "TYPE", "normal")
		awaitUp(t, c)
		os.WriteFile(s.CertFile, good, 0o600)
	})
	t.Run("an authority that is not ours is refused", func(t *testing.T) {
		other := redistest.NewAuthority(t)
		c := open(t, redisx.Config{Addresses: []string{s.Addr}, TLS: &redisx.TLS{CAFile: other.CAFile, CertFile: s.CertFile, KeyFile: s.KeyFile}})
		if _, err := c.Ping(context.Background()); !errors.Is(err, redisx.ErrUnavailable) {
			t.Errorf("answered: %v", err)
		}
	})
	t.Run("without a certificate of ours", func(t *testing.T) {
		c := open(t, redisx.Config{Addresses: []string{s.Addr}, TLS: &redisx.TLS{CAFile: s.CAFile}})
		if _, err := c.Ping(context.Background()); !errors.Is(err, redisx.ErrUnavailable) {
			t.Errorf("answered: %v", err)
		}
	})
	t.Run("files that cannot be used at the start", func(t *testing.T) {
		_, err := redisx.Open(redisx.Config{Addresses: []string{s.Addr}, TLS: &redisx.TLS{CAFile: filepath.Join(t.TempDir(), "none")}})
		if err == nil {
			t.Error("opened")
		}
	})
}

func TestPassword_IsAskedForEveryConnection(t *testing.T) {
	s := redistest.Start(t, redistest.User("app", "first-canary", "~*", "&*", "+@all")...)
	password := "first-canary"
	c := open(t, redisx.Config{Addresses: []string{s.Addr}, Username: "app",
		PasswordFrom: func() (string, error) { return password, nil }})
	awaitUp(t, c)
	t.Run("row F24: the password changes", func(t *testing.T) {
		s.Text(t, "ACL", "SETUSER", "app", "resetpass", ">second-canary")
		password = "second-canary"
		if err := set(c, "k", "v"); err != nil {
			t.Errorf("on the old connection: %v", err)
		}
		s.Do("CLIENT", "KILL", "TYPE", "normal")
		awaitUp(t, c)
	})
	t.Run("row F23: a wrong password", func(t *testing.T) {
		c := open(t, redisx.Config{Addresses: []string{s.Addr}, Username: "app", Password: "wrong-canary"})
		_, err := c.Ping(context.Background())
		if !errors.Is(err, redisx.ErrUnavailable) {
			t.Fatalf("answered: %v", err)
		}
		t.Log(err)
	})
}

func TestOpen_RefusesConfigsThatContradictThemselves(t *testing.T) {
	one := []string{"127.0.0.1:1"}
	for _, cfg := range []redisx.Config{
		{Mode: "replicated", Addresses: one},
		{Mode: redisx.Sentinel, Addresses: one},
		{Mode: redisx.Standalone, Addresses: one, SentinelMaster: "main"},
		{Mode: redisx.Cluster, Addresses: one, DB: 1},
		{Mode: redisx.Cluster},
	} {
		if c, err := redisx.Open(cfg); err == nil {
			c.Close()
			t.Errorf("opened %+v", cfg)
		}
	}
}
