package redistore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"tollgate/flows/store"
	"tollgate/flows/store/redistore"
	"tollgate/flows/store/storetest"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// open returns a store on a server, closed with the test. Its deadline is generous: the machine
// may be busy, and only TestStore_AnswersInTimeWhileRedisHangs is about time.
func open(t *testing.T, addr, prefix string) *redistore.Store {
	t.Helper()
	return openWith(t, redisx.Config{Addresses: []string{addr}, Timeout: 2 * time.Second}, prefix)
}

func openWith(t *testing.T, cfg redisx.Config, prefix string) *redistore.Store {
	t.Helper()
	cfg.CachedPrefixes, cfg.GenerationPrefixes = redistore.CachedPrefixes(prefix), redistore.GenerationPrefixes(prefix)
	client, err := redisx.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := redistore.New(client, prefix)
	t.Cleanup(func() { s.Close() })
	return s
}

// patience is for contracts: many of their sentences are tried at the same time, on ids of 128 KiB, too.
const patience = 10 * time.Second

// redis runs one command beside the store.
func redis(t *testing.T, s *redistest.Server, args ...string) rueidis.RedisMessage {
	t.Helper()
	client, err := redisx.Open(redisx.Config{Addresses: []string{s.Addr}, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	message, err := client.Do(t.Context(), args[0], client.B().Arbitrary(args...).Build())
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestRedistore_KeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		server, prefix := redistest.Shared(t)
		return openWith(t, redisx.Config{Addresses: []string{server.Addr}, Timeout: patience}, prefix)
	})
}

// A server in cluster mode refuses every script whose keys lie in more than one slot, even
// though all slots are its own.
func TestScripts_TouchOneSlot(t *testing.T) {
	server := redistest.Start(t, append(redistest.ClusterMode(t), onNoDisk...)...)
	redis(t, server, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	up := func() bool {
		info := redis(t, server, "CLUSTER", "INFO")
		text, err := info.ToString()
		return err == nil && strings.Contains(text, "cluster_state:ok")
	}
	for deadline := time.Now().Add(patience); !up(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the cluster does not come up")
		}
	}
	var stores atomic.Int64
	storetest.Run(t, func(t *testing.T) store.Store {
		return openWith(t, redisx.Config{Addresses: []string{server.Addr}, Timeout: patience}, fmt.Sprint("p", stores.Add(1)))
	})
}

// onNoDisk is for servers whose data nobody needs again: a disk that is busy with other tests holds
// up a Redis that writes there for seconds, and the contract writes much.
var onNoDisk = []string{"--appendonly", "no"}

func TestRedistore_KeepsTheContractEverywhere(t *testing.T) {
	for _, place := range []struct {
		name string
		find func(t *testing.T) redisx.Config
	}{
		{"Sentinel", func(t *testing.T) redisx.Config {
			s := redistest.StartSentinel(t, onNoDisk...)
			return redisx.Config{Mode: redisx.Sentinel, Addresses: s.Addresses, SentinelMaster: s.Master}
		}},
		{"Cluster", func(t *testing.T) redisx.Config {
			return redisx.Config{Mode: redisx.Cluster, Addresses: redistest.StartCluster(t, onNoDisk...).Addresses}
		}},
		{"TLS", func(t *testing.T) redisx.Config {
			s := redistest.StartTLS(t, onNoDisk...)
			return redisx.Config{Addresses: []string{s.Addr}, TLS: &redisx.TLS{CAFile: s.CAFile, CertFile: s.CertFile, KeyFile: s.KeyFile}}
		}},
		{"TLS, as the documented user", func(t *testing.T) redisx.Config {
			s := redistest.StartTLS(t, append(onNoDisk, "--include", documentedUser(t))...)
			return redisx.Config{Addresses: []string{s.Addr}, Username: "tollgate", Password: "change-me",
				TLS: &redisx.TLS{CAFile: s.CAFile, CertFile: s.CertFile, KeyFile: s.KeyFile}}
		}},
		{"strict, with two replicas", func(t *testing.T) redisx.Config {
			s := redistest.StartSentinel(t, onNoDisk...)
			return redisx.Config{Mode: redisx.Sentinel, Addresses: s.Addresses, SentinelMaster: s.Master, WaitReplicas: 1}
		}},
	} {
		t.Run(place.name, func(t *testing.T) {
			cfg := place.find(t)
			cfg.Timeout = patience
			var stores atomic.Int64
			storetest.Run(t, func(t *testing.T) store.Store {
				return openWith(t, cfg, fmt.Sprint("tollgate:", stores.Add(1)))
			})
		})
	}
}

// documentedUser is the file with the user whom operators are told to give us, and whose keys all
// begin with tollgate.
func documentedUser(t *testing.T) string {
	t.Helper()
	file, err := filepath.Abs("../../../deploy/redis.acl")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestStore_NeedsLittlePrivilege(t *testing.T) {
	t.Run("row 389: no dangerous command", func(t *testing.T) {
		server, prefix := redistest.Shared(t)
		redis(t, server, "ACL", "SETUSER", prefix, "reset", "on", ">canary", "~"+prefix+":*",
			"&"+prefix+":*", "+@read", "+@write", "+@scripting", "+@connection", "+publish", "+time", "-@dangerous", "-@admin")
		as := redisx.Config{Addresses: []string{server.Addr}, Timeout: patience, Username: prefix, Password: "canary"}
		var stores atomic.Int64
		storetest.Run(t, func(t *testing.T) store.Store {
			return openWith(t, as, fmt.Sprint(prefix, ":", stores.Add(1)))
		})

		as.Username = "nobody"
		_, err := openWith(t, as, prefix).GetClient(t.Context(), "app")
		if err == nil || store.IsDecision(err) {
			t.Errorf("a user that Redis does not know: %v", err)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("the password is in %q", err)
		}
	})
}

// The user of deploy/redis.acl may do all that the contract asks, and passes every check.
func TestStore_NeedsNoMoreThanTheDocumentedUser(t *testing.T) {
	server := redistest.Start(t, append(onNoDisk, "--include", documentedUser(t))...)
	as := redisx.Config{Addresses: []string{server.Addr}, Timeout: patience, Username: "tollgate", Password: "change-me"}
	var stores atomic.Int64
	storetest.Run(t, func(t *testing.T) store.Store {
		return openWith(t, as, fmt.Sprint("tollgate:", stores.Add(1)))
	})

	redis(t, server, "CONFIG", "SET", "appendonly", "yes")
	client, err := redisx.Open(as)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	checks, err := client.Checks(t.Context(), redistore.Commands("tollgate"))
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range checks {
		if check.Problem != "" {
			t.Errorf("%s: %s", check.Name, check.Problem)
		}
	}
	for _, forbidden := range [][]string{
		{"FLUSHALL"}, {"KEYS", "*"}, {"CONFIG", "SET", "save", ""}, {"SCRIPT", "FLUSH"}, {"ACL", "LIST"},
		{"GET", "other:key"}, {"CLIENT", "LIST"}, {"MONITOR"}, {"SAVE"},
	} {
		_, err := client.Do(t.Context(), "forbidden", client.B().Arbitrary(forbidden...).Build())
		if err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("%q: %v", forbidden, err)
		}
	}
}

// Each command that is tried is needed: without it, the check names it.
func TestCommands_AreWhatScriptsCall(t *testing.T) {
	tried := map[string]bool{}
	for _, words := range redistore.Commands("p") {
		tried[words[0]] = true
	}
	files, err := filepath.Glob("*.lua")
	limits, err2 := filepath.Glob("../../../redisx/*.lua")
	if err != nil || err2 != nil || len(files) == 0 || len(limits) == 0 {
		t.Fatal(files, limits, err, err2)
	}
	files = append(files, limits...)
	call := regexp.MustCompile(`redis\.call\('([A-Z]+)'`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range call.FindAllStringSubmatch(string(text), -1) {
			if !tried[found[1]] {
				t.Errorf("%s calls %s, which Commands does not try", file, found[1])
			}
		}
	}
}
