package redisx_test

import (
	"strings"
	"testing"
	"time"

	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

var harmless = [][]string{
	{"SET", "p:probe", "", "PX", "1000"}, {"GET", "p:probe"}, {"HSET", "p:probe", "f", "v"}, {"EVAL", "return 1", "1", "p:probe"},
}

// problems are the checks of a client that did not pass.
func problems(t *testing.T, cfg redisx.Config) map[string]string {
	t.Helper()
	cfg.Timeout = 2 * time.Second
	c, err := redisx.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	checks, err := c.Checks(t.Context(), harmless)
	if err != nil || len(checks) != len(redisx.CheckNames) {
		t.Fatalf("%v, %v", checks, err)
	}
	found := map[string]string{}
	for _, check := range checks {
		if check.Problem != "" {
			found[check.Name] = check.Problem
		}
	}
	return found
}

func TestChecks_NameWhatIsWrongAndItsFix(t *testing.T) {
	as := func(rules ...string) []string { return redistest.User("app", "canary", rules...) }
	for _, story := range []struct {
		name string
		args []string
		user bool
		want map[string]string
	}{
		{"nothing", nil, false, nil},
		{"evicts", []string{"--maxmemory-policy", "allkeys-lru"}, false, map[string]string{"eviction": "set noeviction"}},
		{"row F12: evicts what expires", []string{"--maxmemory-policy", "volatile-ttl"}, false, map[string]string{"eviction": "set noeviction"}},
		{"only snapshots", []string{"--appendonly", "no", "--save", "3600 1"}, false, map[string]string{"persistence": "since the last snapshot; set appendonly yes"}},
		{"keeps nothing", []string{"--appendonly", "no"}, false, map[string]string{"persistence": "a restart loses everything"}},
		{"may not ask for configuration", append(as("~*", "&*", "+@all", "-config"), "--appendonly", "no"), true,
			map[string]string{"persistence": "CONFIG is not permitted"}},
		{"may not ask anything", as("~*", "&*", "+@all", "-info", "-time"), true, map[string]string{"permissions": "allow +time"}},
		{"may not write hashes", as("~*", "&*", "+@all", "-hset"), true, map[string]string{"permissions": "may not run HSET; allow +hset"}},
		{"may not write at all", as("~*", "&*", "+@all", "-set"), true, map[string]string{"permissions": "may not run SET; allow +set"}},
		{"may use other keys only", as("~q:*", "&*", "+@all"), true, map[string]string{"permissions": "allow ~p:probe*"}},
	} {
		t.Run(story.name, func(t *testing.T) {
			cfg := redisx.Config{Addresses: []string{redistest.Start(t, story.args...).Addr}}
			if story.user {
				cfg.Username, cfg.Password = "app", "canary"
			}
			got := problems(t, cfg)
			if len(got) != len(story.want) {
				t.Errorf("found %q", got)
			}
			for name, want := range story.want {
				if !strings.Contains(got[name], want) {
					t.Errorf("%s: %q, want %q", name, got[name], want)
				}
			}
		})
	}
}

func TestChecks_LeaveNothingBehind(t *testing.T) {
	s := redistest.Start(t)
	problems(t, redisx.Config{Addresses: []string{s.Addr}})
	for _, key := range strings.Fields(s.Text(t, "EVAL", "return table.concat(redis.call('KEYS', '*'), ' ')", "0")) {
		if s.Text(t, "EVAL", "return tostring(redis.call('PTTL', KEYS[1]))", "1", key) == "-1" {
			t.Errorf("%s stays for ever", key)
		}
	}
}

func TestChecks_KnowPrimariesAndReplicas(t *testing.T) {
	primary := redistest.Start(t)
	replica := redistest.StartReplica(t, primary)
	if got := problems(t, redisx.Config{Addresses: []string{primary.Addr}, WaitReplicas: 1}); len(got) != 0 {
		t.Errorf("a primary with its replica: %q", got)
	}
	if got := problems(t, redisx.Config{Addresses: []string{primary.Addr}, WaitReplicas: 2}); !strings.Contains(got["replication"], "every write fails") {
		t.Errorf("too few replicas: %q", got)
	}
	if got := problems(t, redisx.Config{Addresses: []string{replica.Addr}}); !strings.Contains(got["role"], "give the primary's address") {
		t.Errorf("a replica: %q", got)
	}
}

func TestChecks_LookAtEveryPrimaryOfACluster(t *testing.T) {
	s := redistest.StartCluster(t)
	cfg := redisx.Config{Mode: redisx.Cluster, Addresses: s.Addresses}
	if got := problems(t, cfg); len(got) != 0 {
		t.Errorf("a cluster that is well: %q", got)
	}
	s.Nodes[2].Text(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	if got := problems(t, cfg)["eviction"]; !strings.HasPrefix(got, s.Nodes[2].Addr) {
		t.Errorf("one primary that evicts: %q", got)
	}
}
