package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tollgate/flows/oauth"
)

func TestRotate_PublishesAheadOrSignsAtOnce(t *testing.T) {
	m := node(newLine(t), "a")
	first := load(t, m).Active(oauth.ES256)
	step := func(atOnce bool, want string) {
		t.Helper()
		if err := m.Rotate(t.Context(), oauth.ES256, atOnce); err != nil {
			t.Fatal(err)
		}
		if got := states(m.Snapshot(), oauth.ES256); got != want {
			t.Fatalf("states %q, want %q", got, want)
		}
	}
	step(false, "active next")
	next := m.Snapshot().Keys()[len(oauth.Algs())].KID
	step(false, "active next") // it is on its way already
	step(true, "retired active")
	if m.Snapshot().Active(oauth.ES256).KID != next {
		t.Error("the key that was published already is not the one that signs")
	}
	step(true, "retired retired active")
	if _, _, ok := m.Snapshot().ByHeader([]byte(first.AccessHeader)); !ok {
		t.Error("a retired key verifies no more")
	}
	for _, alg := range []oauth.Alg{oauth.RS256, oauth.EdDSA} {
		if got := states(m.Snapshot(), alg); got != "active" {
			t.Errorf("%s was touched: %q", alg, got)
		}
	}
	if err := m.Rotate(t.Context(), "", false); err != nil {
		t.Fatal(err)
	}
	for _, alg := range oauth.Algs() {
		if got := states(m.Snapshot(), alg); !strings.HasSuffix(got, "active next") {
			t.Errorf("rotating all: %s has %q", alg, got)
		}
	}
	if err := m.Rotate(t.Context(), "HS256", true); err == nil {
		t.Error("rotated an algorithm that we do not have")
	}
}

func TestRevoke_TakesAKeyOutAtOnce(t *testing.T) {
	s := newLine(t)
	m := node(s, "a")
	old := load(t, m).Active(oauth.RS256)
	if err := m.Revoke(t.Context(), old.KID); err != nil {
		t.Fatal(err)
	}
	set := m.Snapshot()
	if got := states(set, oauth.RS256); got != "revoked active" {
		t.Errorf("states %q", got)
	}
	if set.Active(oauth.RS256).KID == old.KID {
		t.Error("the revoked key still signs")
	}
	for _, h := range []string{old.AccessHeader, old.IDHeader} {
		if _, _, ok := set.ByHeader([]byte(h)); ok {
			t.Error("the revoked key still verifies")
		}
		if !set.IsRevoked([]byte(h)) {
			t.Error("the revoked key counts as one that is not known yet")
		}
	}
	if set.IsRevoked([]byte(set.Active(oauth.RS256).AccessHeader)) {
		t.Error("its successor counts as revoked")
	}
	if doc, _ := set.JWKS(); bytes.Contains(doc, []byte(old.KID)) {
		t.Error("the revoked key is still published")
	}
	stored, err := s.GetKeySet(t.Context())
	if err != nil || stored.Keys[0].KID != old.KID || stored.Keys[0].Sealed != nil {
		t.Errorf("the private half still rests in the store: %v", err)
	}
	if err := m.Revoke(t.Context(), old.KID); err != nil {
		t.Errorf("revoking twice: %v", err)
	}
	if err := m.Revoke(t.Context(), "nobody"); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("an unknown key: %v", err)
	}
}

func TestRevoke_OfTheNextKeyKeepsTheActiveOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := node(newLine(t), "a")
		old := load(t, m).Active(oauth.EdDSA)
		if err := m.Rotate(t.Context(), oauth.EdDSA, false); err != nil {
			t.Fatal(err)
		}
		next := m.Snapshot().Keys()[len(oauth.Algs())].KID
		if err := m.Revoke(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		time.Sleep(testAhead + testKeep + time.Minute)
		if set := load(t, m); set.Active(oauth.EdDSA).KID != old.KID {
			t.Errorf("states %q", states(set, oauth.EdDSA))
		}
	})
}

func TestRevoke_PromotesTheKeyThatIsPublished(t *testing.T) {
	m := node(newLine(t), "a")
	old := load(t, m).Active(oauth.ES256)
	if err := m.Rotate(t.Context(), oauth.ES256, false); err != nil {
		t.Fatal(err)
	}
	next := m.Snapshot().Keys()[len(oauth.Algs())].KID
	if err := m.Revoke(t.Context(), old.KID); err != nil {
		t.Fatal(err)
	}
	if got := m.Snapshot().Active(oauth.ES256).KID; got != next {
		t.Errorf("%s signs, want the published %s", got, next)
	}
}

func TestRevoke_ReachesOtherNodesWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLine(t)
		a, b := node(s, "a"), node(s, "b")
		old := load(t, a).Active(oauth.RS256)
		load(t, b)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go b.Run(ctx)
		if err := a.Revoke(ctx, old.KID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		if _, _, ok := b.Snapshot().ByHeader([]byte(old.AccessHeader)); ok {
			t.Error("the other node still accepts the key")
		}
	})
}

func TestRemove_OnlyWhatSignsNoMore(t *testing.T) {
	m := node(newLine(t), "a")
	old := load(t, m).Active(oauth.ES256)
	t.Run("row 374: an active key is in use", func(t *testing.T) {
		if err := m.Remove(t.Context(), old.KID); !errors.Is(err, ErrInUse) {
			t.Errorf("error %v", err)
		}
	})
	if err := m.Rotate(t.Context(), oauth.ES256, false); err != nil {
		t.Fatal(err)
	}
	t.Run("row 374: a next key is in use", func(t *testing.T) {
		if err := m.Remove(t.Context(), m.Snapshot().Keys()[len(oauth.Algs())].KID); !errors.Is(err, ErrInUse) {
			t.Errorf("error %v", err)
		}
	})
	if err := m.Rotate(t.Context(), oauth.ES256, true); err != nil {
		t.Fatal(err)
	}
	if err := m.Remove(t.Context(), old.KID); err != nil {
		t.Fatal(err)
	}
	if got := states(m.Snapshot(), oauth.ES256); got != "active" {
		t.Errorf("states %q", got)
	}
	if err := m.Remove(t.Context(), old.KID); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("removing twice: %v", err)
	}
}

func TestOperations_OfRacingNodesAllHappen(t *testing.T) {
	s := newLine(t)
	nodes := []*Manager{node(s, "a"), node(s, "b"), node(s, "c"), node(s, "d")}
	for _, n := range nodes {
		load(t, n)
	}
	var wg sync.WaitGroup
	for _, n := range nodes {
		wg.Go(func() {
			if err := n.Rotate(t.Context(), oauth.EdDSA, true); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, want := states(load(t, nodes[0]), oauth.EdDSA), "retired retired retired retired active"; got != want {
		t.Errorf("states %q, want %q", got, want)
	}
}

func TestOperations_OfAnOlderReadNeverUndoARevocation(t *testing.T) {
	m := node(newLine(t), "a")
	load(t, m)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 2000 {
			if err := m.Load(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 50 {
		old := m.Snapshot().Active(oauth.EdDSA)
		if err := m.Revoke(t.Context(), old.KID); err != nil {
			t.Fatal(err)
		}
		if _, _, ok := m.Snapshot().ByHeader([]byte(old.AccessHeader)); ok {
			t.Fatal("a revoked key came back")
		}
	}
	<-done
}

// withRing is node with master keys of its own, the first of which seals.
func withRing(t *testing.T, s *line, lines ...string) *Manager {
	t.Helper()
	m := node(s, fmt.Sprint(len(lines)))
	ring, err := ParseMaster([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	m.cfg.Master = ring
	return m
}

func TestMaster_RolloverEndsWithTheNextRotation(t *testing.T) {
	s := newLine(t)
	old, new := NewMasterKey(), NewMasterKey()
	before := load(t, withRing(t, s, old))
	both := withRing(t, s, new, old)
	load(t, both)
	if err := withRing(t, s, new).Load(t.Context()); err == nil || !strings.Contains(err.Error(), "further line to keys.master_key_file") {
		t.Fatalf("without the old key: %v", err)
	}
	if err := both.Rotate(t.Context(), oauth.EdDSA, true); err != nil {
		t.Fatal(err)
	}
	after := load(t, withRing(t, s, new))
	if after.Active(oauth.RS256).KID != before.Active(oauth.RS256).KID || after.Epoch != before.Epoch {
		t.Error("the rollover changed the keys")
	}
}

// In the middle of a rollover, one node cannot open what another one seals. That must not keep a
// revocation from it.
func TestMaster_ANodeLeftBehindStillLearnsOfRevocations(t *testing.T) {
	s := newLine(t)
	old, new := NewMasterKey(), NewMasterKey()
	ahead, behind := withRing(t, s, new, old), withRing(t, s, old)
	first := load(t, behind)
	load(t, ahead)
	revoked := first.Active(oauth.RS256)
	if err := ahead.Revoke(t.Context(), revoked.KID); err != nil { // its successor is sealed under the new key
		t.Fatal(err)
	}
	if err := behind.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "further line to keys.master_key_file") {
		t.Errorf("error %v", err)
	}
	set := behind.Snapshot()
	t.Run("row 314: the revoked key verifies no more", func(t *testing.T) {
		for _, h := range []string{revoked.AccessHeader, revoked.IDHeader} {
			if _, _, ok := set.ByHeader([]byte(h)); ok || !set.IsRevoked([]byte(h)) {
				t.Error("it is still good")
			}
		}
		if doc, _ := set.JWKS(); bytes.Contains(doc, []byte(revoked.KID)) {
			t.Error("it is still published")
		}
	})
	t.Run("row 314: nothing signs in place of the key that does not open", func(t *testing.T) {
		if k := set.Active(oauth.RS256); k != nil {
			t.Errorf("%v signs", k)
		}
	})
	if set.Active(oauth.ES256).KID != first.Active(oauth.ES256).KID {
		t.Error("a key that was opened before is lost")
	}
	if set.Complete() {
		t.Error("nothing seems to be missing")
	}
	if err := behind.Refresh(t.Context()); err == nil {
		t.Error("a token of the missing key would be refused as unknown")
	}
	if err := behind.Revoke(t.Context(), set.Active(oauth.ES256).KID); err != nil {
		t.Errorf("it cannot revoke: %v", err)
	}
	if got := states(load(t, ahead), oauth.ES256); got != "revoked active" {
		t.Errorf("states %q", got)
	}
}

// Every node sees a change; the one that made it reports it.
func TestOnChange_IsToldByTheNodeThatChangedSomething(t *testing.T) {
	s := newLine(t)
	a, b := node(s, "a"), node(s, "b")
	var told []string
	for _, m := range []*Manager{a, b} {
		m.cfg.OnChange = func(_ context.Context, event, kid string) {
			told = append(told, m.cfg.Node+" "+event)
			if kid == "" {
				t.Error("without a key")
			}
		}
	}
	step := func(what string, err error, want ...string) {
		t.Helper()
		if err != nil {
			t.Fatal(what, err)
		}
		if err := errors.Join(a.Load(t.Context()), b.Load(t.Context())); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(told, want) {
			t.Errorf("%s: told %q, want %q", what, told, want)
		}
		told = nil
	}
	step("first load", a.Load(t.Context()), "a activated", "a activated", "a activated")
	step("rotate", b.Rotate(t.Context(), oauth.EdDSA, false), "b published")
	step("rotate again", b.Rotate(t.Context(), oauth.EdDSA, false))
	step("at once", a.Rotate(t.Context(), oauth.EdDSA, true), "a retired", "a activated")
	retired := a.Snapshot().Keys()
	i := slices.IndexFunc(retired, func(k Info) bool { return k.State == Retired })
	step("remove", b.Remove(t.Context(), retired[i].KID), "b removed")
	i = slices.IndexFunc(retired, func(k Info) bool { return k.State == Active && k.Alg == oauth.EdDSA })
	step("revoke", a.Revoke(t.Context(), retired[i].KID), "a revoked", "a activated")
}
