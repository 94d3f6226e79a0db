package flows

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

// countingStore counts what is asked of it.
type countingStore struct {
	store.Store
	checks, keySets atomic.Int64
}

// counted puts a counting store between the flows and theirs.
func counted(w *world) *countingStore {
	c := &countingStore{Store: w.Flows.store}
	w.Flows.store = c
	return c
}

func (w *world) accessToken() string {
	w.t.Helper()
	return must(w.Token(w.t.Context(), service()))(w.t).AccessToken
}

func (w *world) validate(tok string) error {
	_, err := w.Validate(w.t.Context(), w.cfg.Now(), []byte(tok), "", "")
	return err
}

func TestKnown_AHitAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	hitsAllocateNothing(t, w.Flows, w.accessToken(), asGateway)
}

func TestKnown_IsAFactAboutTheWholeToken(t *testing.T) {
	w := newWorld(t)
	tok := w.accessToken()
	if err := w.validate(tok); err != nil {
		t.Fatal(err)
	}
	signature := strings.LastIndexByte(tok, '.') + 1
	for name, other := range map[string]string{
		"its header and claims with another signature": tok[:signature] + strings.Repeat("A", len(tok)-signature),
		"one letter less":                  tok[:len(tok)-1],
		"one letter more":                  tok + "A",
		"other claims under its signature": tok[:signature-3] + "AA" + tok[signature-1:],
	} {
		wantCode(t, w.validate(other), oauth.CodeInvalidToken)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestKnown_ExpiresInside(t *testing.T) {
	w := newWorld(t)
	tok := w.accessToken()
	for _, step := range []struct {
		after time.Duration
		want  error
	}{{0, nil}, {10*time.Minute + leeway - time.Second, nil}, {time.Second, token.ErrExpired}, {time.Hour, token.ErrExpired}} {
		w.pass(step.after)
		if err := w.validate(tok); !errors.Is(err, step.want) {
			t.Errorf("%v later: %v, want %v", step.after, err, step.want)
		}
	}
}

func TestKnown_EveryRevocationIsSeenByTheNextCall(t *testing.T) {
	for name, revoke := range map[string]func(w *world, c *token.Access, until time.Time) error{
		"token": func(w *world, c *token.Access, until time.Time) error {
			return w.store.RevokeToken(w.t.Context(), c.ID, until)
		},
		"grant": func(w *world, c *token.Access, until time.Time) error {
			return w.store.RevokeGrant(w.t.Context(), c.Grant, until)
		},
		"session": func(w *world, c *token.Access, until time.Time) error {
			return w.store.RevokeSession(w.t.Context(), c.SessionID, until)
		},
		"client": func(w *world, c *token.Access, until time.Time) error {
			return w.store.RevokeClient(w.t.Context(), c.ClientID, w.now(), until)
		},
		"subject": func(w *world, c *token.Access, until time.Time) error {
			return w.store.RevokeSubject(w.t.Context(), c.Subject, w.now(), until)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tok, other := w.tokens(w.newBrowser()).AccessToken, w.accessToken()
			w.wantActive(true, tok, other)
			c := must(w.Validate(t.Context(), w.cfg.Now(), []byte(tok), "", ""))(t).Claims
			if err := revoke(w, c, w.now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			w.wantActive(false, tok)
			w.wantActive(true, other)
		})
	}
}

func TestKnown_ADisabledClientMayNotLookAnyMore(t *testing.T) {
	w := newWorld(t)
	tok := w.accessToken()
	w.wantActive(true, tok)
	client := must(w.store.GetClient(t.Context(), "demo-gateway"))(t).Clone()
	client.Disabled = true
	if err := w.store.UpdateClient(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.IntrospectOne(t.Context(), &asGateway, tok, &Introspection{}), oauth.CodeInvalidClient)
}

// A new snapshot of the keys costs a remembered token a look at the header, and one without its key
// ends it.
func TestKnown_AsLongAsItsKeyStands(t *testing.T) {
	w := newWorld(t)
	tok := w.accessToken()
	hash := w.known.seed.Hash([]byte(tok))
	recalled := func() bool {
		return w.known.recall(hash, []byte(tok), w.keys.Snapshot(), w.now()) != nil
	}
	if err := w.validate(tok); err != nil || !recalled() {
		t.Fatal(err)
	}
	if err := w.keys.Rotate(t.Context(), oauth.EdDSA, true); err != nil {
		t.Fatal(err)
	}
	if err := w.validate(tok); err != nil || !recalled() {
		t.Errorf("a retired key's token is not remembered any more: %v", err)
	}
	for _, k := range w.keys.Snapshot().Keys() {
		if k.Alg == oauth.EdDSA && k.State != "active" {
			if err := w.keys.Revoke(t.Context(), k.KID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if recalled() {
		t.Error("a revoked key's token is remembered")
	}
	wantCode(t, w.validate(tok), oauth.CodeInvalidToken)
}

func (c *countingStore) GetKeySet(ctx context.Context) (*store.KeySet, error) {
	c.keySets.Add(1)
	return c.Store.GetKeySet(ctx)
}

func (c *countingStore) CheckRevoked(ctx context.Context, refs []store.TokenRef) []error {
	c.checks.Add(1)
	return c.Store.CheckRevoked(ctx, refs)
}

func TestKnown_InTheSteadyStateNobodyIsAsked(t *testing.T) {
	w := newWorld(t)
	tok := w.accessToken()
	c := counted(w)
	for range 100 {
		if err := w.validate(tok); err != nil {
			t.Fatal(err)
		}
		w.active(tok)
	}
	if n := c.checks.Load(); n != 1 {
		t.Errorf("the store was asked %d times, want once", n)
	}
	w.pass(c.GenerationLife()) // nothing has changed, but nobody trusts that for ever
	for range 10 {
		if err := w.validate(tok); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.checks.Load(); n != 2 {
		t.Errorf("the store was asked %d times when the answer was old, want once more", n-1)
	}
}

func TestKnown_JunkAsksTheStoreNothingAndPushesNothingOut(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.CacheBytes = 1 << 20 })
	tok := w.accessToken()
	w.wantActive(true, tok)
	c := counted(w)
	signature := strings.LastIndexByte(tok, '.') + 1
	for i := range 10_000 {
		for _, junk := range []string{
			fmt.Sprintf("%s%085dA", tok[:signature], i),       // well-formed, wrong signature
			fmt.Sprintf("e30.%d.c2ln", i), fmt.Sprint("x", i), // not ours, and no token at all
		} {
			wantCode(t, w.validate(junk), oauth.CodeInvalidToken)
		}
	}
	if err := w.validate(tok); err != nil {
		t.Fatal(err)
	}
	if n := c.checks.Load(); n != 0 {
		t.Errorf("the store was asked about revocation %d times", n)
	}
	if n, size := w.known.junk.Len(); n > maxJunk || size > maxJunkBytes {
		t.Errorf("%d pieces of junk of %d bytes are remembered", n, size)
	}
	if n, _ := w.known.good.Len(); n != 1 {
		t.Errorf("%d good tokens are remembered, want the one", n)
	}
}

// The accounted size is what the memory really costs, or more.
func TestKnown_CostsWhatItSays(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.CacheBytes = 64 << 20 })
	claims := *must(w.Validate(t.Context(), w.cfg.Now(), []byte(w.accessToken()), "", ""))(t).Claims
	set := w.keys.Snapshot()
	tok := []byte(strings.Repeat("t", 744))
	const n = 10_000
	before := heap()
	for i := range n {
		copy(tok, fmt.Sprintf("%08d", i))
		w.known.keep(w.known.seed.Hash(tok), tok, &claims, set, w.now())
	}
	after := heap()
	kept, size := w.known.good.Len()
	if kept < n*99/100 {
		t.Fatalf("%d of %d are kept", kept, n)
	}
	each := float64(after-before) / float64(kept)
	t.Logf("%.0f bytes each, counted as %d", each, size/int64(kept))
	if each > float64(size)/float64(kept) || each > 2048 {
		t.Errorf("a token of 744 bytes costs %.0f bytes, and is counted as %d", each, size/int64(kept))
	}
	runtime.KeepAlive(w)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What is known without asking is known: when the store is lost, its answer is as old as the last
// time that nothing had changed, not as the last question.
func TestKnown_ASteadyHitIsKnowledgeOfRevocation(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.AllowStale = 30 * time.Second })
	tok := []byte(w.accessToken())
	for range 2 {
		if err := w.validate(string(tok)); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
	}
	w.broken.fail(errors.New("connection lost"))
	if v, err := w.Validate(t.Context(), w.cfg.Now(), tok, "", ""); err != nil || v.Stale != 20*time.Second {
		t.Errorf("20 s after the last hit: stale %v, %v", v.Stale, err)
	}
	w.pass(11 * time.Second)
	wantCode(t, w.validate(string(tok)), oauth.CodeTemporarilyUnavailable)
}
