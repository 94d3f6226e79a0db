package flows

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store/redistore"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// hitsAllocateNothing holds the checks of one known token to no allocation at all.
func hitsAllocateNothing(t *testing.T, f *Flows, tok string, caller clientauth.Credentials) {
	t.Helper()
	raw, answer := []byte(tok), &Introspection{}
	for name, hit := range map[string]func() error{
		"validate": func() error { _, err := f.Validate(t.Context(), f.cfg.Now(), raw, "", ""); return err },
		"validate with demands": func() error {
			_, err := f.Validate(t.Context(), f.cfg.Now(), raw, "orders:read orders:write", issuer+"/resources")
			return err
		},
		"introspect": func() error {
			if err := f.IntrospectOne(t.Context(), &caller, tok, answer); err != nil || !answer.Active {
				return fmt.Errorf("%+v, %w", answer, err)
			}
			return nil
		},
	} {
		if n := testing.AllocsPerRun(200, func() {
			if err := hit(); err != nil {
				t.Fatal(name, err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
}

// redisWorld is a world by the real clock on a Redis.
func redisWorld(t testing.TB, server *redistest.Server) *world {
	t.Helper()
	return newWorld(t, func(c *Config) { setRedis(t, server.Addr, c) })
}

// anotherNode shares the Redis of a world.
func anotherNode(t *testing.T, server *redistest.Server, a *world) *world {
	t.Helper()
	return nodeAt(t, server.Addr, a)
}

// nodeAt is anotherNode, which reaches that Redis at another address.
func nodeAt(t *testing.T, address string, a *world) *world {
	t.Helper()
	cfg := a.cfg
	setRedis(t, address, &cfg)
	return &world{Flows: New(cfg), t: t}
}

func setRedis(t testing.TB, address string, c *Config) {
	t.Helper()
	const prefix = "p"
	client, err := redisx.Open(redisx.Config{
		Addresses: []string{address}, Timeout: 2 * time.Second,
		CachedPrefixes: redistore.CachedPrefixes(prefix), GenerationPrefixes: redistore.GenerationPrefixes(prefix),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := redistore.New(client, prefix)
	t.Cleanup(func() { s.Close() })
	manager := keys.NewManager(keys.Config{
		Store: s, Master: keys.DevMaster(), RotateEvery: 1000 * time.Hour, PublishAhead: time.Hour, KeepRetired: time.Hour, Node: "test", Now: time.Now,
	})
	if err := manager.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Store, c.Keys, c.Now = s, manager, time.Now
}

func TestKnown_OnRedisAHitAllocatesAndAsksNothing(t *testing.T) {
	server := redistest.Start(t)
	w := redisWorld(t, server)
	tok := w.accessToken()
	w.wantActive(true, tok)
	server.Text(t, "CONFIG", "RESETSTAT")
	hitsAllocateNothing(t, w.Flows, tok, asGateway)
	signature := strings.LastIndexByte(tok, '.') + 1
	for i := range 1000 {
		for _, junk := range []string{fmt.Sprintf("%s%085dA", tok[:signature], i), fmt.Sprint("e30.e30.", i), "junk"} {
			wantCode(t, w.validate(junk), oauth.CodeInvalidToken)
		}
	}
	for line := range strings.Lines(server.Text(t, "INFO", "commandstats")) {
		name, _, _ := strings.Cut(line, ":")
		switch name, ours := strings.CutPrefix(name, "cmdstat_"); {
		case !ours, name == "ping", name == "info", name == "config|resetstat": // proof of life, and this test
		default:
			t.Errorf("hits and junk cost %s", line)
		}
	}
}

// Tokens under key ids that somebody made up are all different; the key set is read for one of them.
func TestKnown_MadeUpKeysCostOneReadASecond(t *testing.T) {
	server := redistest.Start(t)
	w := redisWorld(t, server)
	server.Text(t, "CONFIG", "RESETSTAT")
	start := time.Now()
	for i := range 2000 {
		header := fmt.Sprintf(`{"alg":"RS256","kid":"%043d","typ":"at+jwt"}`, i)
		wantCode(t, w.validate(base64.RawURLEncoding.EncodeToString([]byte(header))+".e30.c2ln"), oauth.CodeInvalidToken)
	}
	took := time.Since(start)
	stats := server.Text(t, "INFO", "commandstats")
	var reads int
	if _, after, ok := strings.Cut(stats, "cmdstat_hmget:calls="); ok {
		fmt.Sscan(after, &reads)
	}
	if most := 2 + int(took/keysPause); reads < 1 || reads > most {
		t.Errorf("the key set was read %d times in %v, want 1 to %d", reads, took, most)
	}
}

// A key that signs at once may have signed before other nodes heard of it.
func TestNewKeys_ATokenThatIsFasterThanTheNewsOfItsKeyIsGood(t *testing.T) {
	server := redistest.Start(t)
	far := redistest.StartProxy(t, server.Addr)
	a := redisWorld(t, server)
	b := nodeAt(t, far.Addr, a)
	far.Delay(100 * time.Millisecond)
	for range 3 {
		if err := a.keys.Rotate(t.Context(), "", true); err != nil {
			t.Fatal(err)
		}
		b.wantActive(true, a.accessToken())
	}
}

// Two nodes on one Redis: one revokes while the other validates without end. Once the news has come,
// it stays.
func TestKnown_NoNodeAcceptsWhatItKnowsToBeRevoked(t *testing.T) {
	server := redistest.Start(t)
	a := redisWorld(t, server)
	b := anotherNode(t, server, a)
	for range 30 {
		tok := a.accessToken()
		b.wantActive(true, tok)
		var revoked, refused atomic.Bool
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				for deadline := time.Now().Add(5 * time.Second); ; {
					known := refused.Load()
					switch err := b.validate(tok); {
					case err == nil && known:
						t.Error("accepted after it was refused")
						return
					case err == nil && time.Now().After(deadline):
						t.Error("never refused")
						return
					case err != nil && !revoked.Load():
						t.Errorf("refused before it was revoked: %v", err)
						return
					case err != nil:
						refused.Store(true)
						return
					}
				}
			})
		}
		time.Sleep(time.Millisecond)
		revoked.Store(true)
		if err := a.Revoke(t.Context(), &RevokeRequest{Client: basic("demo-service", "demo-service-secret"), Token: tok}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, a.validate(tok), oauth.CodeInvalidToken) // its own write, at once
		group.Wait()
		wantCode(t, b.validate(tok), oauth.CodeInvalidToken)
	}
}

// News of one grant is no news for the others.
func TestKnown_OneRevocationDoesNotDisturbTheOthers(t *testing.T) {
	server := redistest.Start(t)
	w := redisWorld(t, server)
	time.Sleep(100 * time.Millisecond) // until the news of what was made here has come
	var hot []*known
	for range 100 {
		tok := w.accessToken()
		if err := w.validate(tok); err != nil {
			t.Fatal(err)
		}
		hot = append(hot, must(w.verify(t.Context(), []byte(tok), time.Now()))(t))
	}
	if err := w.store.RevokeGrant(t.Context(), hot[0].claims.Grant, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // and the push
	stands := func(k *known) bool { return k.stands(w.store.Generation(k.claims.Grant), w.age(time.Now())) }
	if stands(hot[0]) {
		t.Error("the token of a revoked grant stands")
	}
	others := 0
	for _, k := range hot[1:] {
		if stands(k) {
			others++
		}
	}
	if others < 90 {
		t.Errorf("%d of 99 others stand", others)
	}
}

// A herd of tokens whose answers are all lost at once: each question is put once.
func TestKnown_AHerdAsksEachQuestionOnce(t *testing.T) {
	server := redistest.Start(t)
	w := redisWorld(t, server)
	time.Sleep(1100 * time.Millisecond) // what this node wrote a moment ago is always asked for
	const tokens = 300
	hot := make([]string, tokens)
	for i := range hot {
		hot[i] = w.accessToken()
		if err := w.validate(hot[i]); err != nil {
			t.Fatal(err)
		}
	}
	first := must(w.verify(t.Context(), []byte(hot[0]), time.Now()))(t)
	server.Text(t, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") // takes all that was cached with it
	for first.stands(w.store.Generation(first.claims.Grant), w.age(time.Now())) {
		time.Sleep(time.Millisecond) // until this node has noticed
	}
	for w.validate(hot[0]) != nil {
		time.Sleep(time.Millisecond)
	}
	server.Text(t, "CONFIG", "RESETSTAT")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, tok := range hot {
				if err := w.validate(tok); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	var gets int
	if _, after, ok := strings.Cut(server.Text(t, "INFO", "commandstats"), "cmdstat_get:calls="); ok {
		fmt.Sscan(after, &gets)
	}
	// The token's and the grant's; client and subject are shared. The beat is looked at, too, behind new
	// connections and once a second.
	if most := 2*tokens + 2 + 10; gets < tokens || gets > most {
		t.Errorf("%d tokens cost %d questions, want %d to %d", tokens, gets, tokens, most)
	}
}
