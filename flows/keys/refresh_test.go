package keys

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tollgate/flows/oauth"
)

func TestRefresh_FindsAKeyThatAnotherNodeMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLine(t)
		a, b := node(s, "a"), node(s, "b")
		load(t, a)
		load(t, b)
		for range 5 { // without pause: each asks after the save and must see it
			if err := a.Rotate(t.Context(), oauth.EdDSA, true); err != nil {
				t.Fatal(err)
			}
			if err := b.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, _, ok := b.Snapshot().ByHeader([]byte(a.Snapshot().Active(oauth.EdDSA).AccessHeader)); !ok {
				t.Fatal("the new key is not known after a refresh")
			}
		}
	})
}

func TestRefresh_IsSharedAndSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLine(t)
		m := node(s, "a")
		load(t, m)
		before := s.reads.Load()
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				for range 20 {
					if err := m.Refresh(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		start := time.Now()
		wg.Wait()
		reads, took := s.reads.Load()-before, time.Since(start)
		if limit := int64(took/refreshPause) + 1; reads > limit {
			t.Errorf("20,000 refreshes in %v read the store %d times, want at most %d", took, reads, limit)
		}
	})
}

func TestRefresh_AnOutageIsAnError(t *testing.T) {
	s := newLine(t)
	m := node(s, "a")
	before := load(t, m)
	s.cut.Store(true)
	if err := m.Refresh(t.Context()); !errors.Is(err, errCut) {
		t.Errorf("error %v", err)
	}
	if m.Snapshot() != before {
		t.Error("the snapshot was replaced")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Refresh(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, errCut) {
		t.Errorf("a caller who left: %v", err)
	}
}

func TestIsFresh_UntilTimeOrTheStoreSaysOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLine(t)
		m := node(s, "a")
		old := time.Now().Add(-time.Minute)
		if m.IsFresh(time.Now(), time.Second, old) {
			t.Error("fresh before it was ever read")
		}
		load(t, m)
		if err := m.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !m.IsFresh(time.Now(), time.Second, old) {
			t.Error("not fresh right after it was read")
		}
		if m.IsFresh(time.Now(), time.Second, time.Now().Add(-time.Second)) {
			t.Error("fresh enough for a token whose key may have been made a moment ago")
		}
		if m.IsFresh(time.Now().Add(time.Second), time.Second, old) {
			t.Error("fresh for longer than that")
		}
		if err := node(s, "b").Rotate(t.Context(), oauth.EdDSA, true); err != nil {
			t.Fatal(err)
		}
		if m.IsFresh(time.Now(), time.Second, old) {
			t.Error("fresh although another node has changed the keys")
		}
	})
}
