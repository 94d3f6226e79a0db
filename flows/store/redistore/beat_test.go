package redistore_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/redistore"
	"tollgate/redisx/redistest"
)

// backup is a copy of what a server had on disk.
type backup struct {
	server    *redistest.Server
	dir, copy string
}

func withBackups(t *testing.T) *backup {
	t.Helper()
	b := &backup{dir: t.TempDir()}
	b.server = redistest.Start(t, "--dir", b.dir, "--appendfsync", "always")
	return b
}

func (b *backup) take(t *testing.T) {
	t.Helper()
	b.copy = t.TempDir()
	b.server.Stop()
	b.fill(t, b.copy, b.dir)
	b.server.Restart()
}

func (b *backup) restore(t *testing.T) {
	t.Helper()
	b.server.Kill()
	if err := os.RemoveAll(filepath.Join(b.dir, "appendonlydir")); err != nil {
		t.Fatal(err)
	}
	b.fill(t, b.dir, b.copy)
	b.server.Restart()
}

func (b *backup) fill(t *testing.T, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// pass lets seconds of beats go by, and both nodes see them.
func (b *backup) pass(t *testing.T, beats string, nodes ...*redistore.Store) {
	t.Helper()
	b.server.Text(t, "INCRBY", "p:beat:{p:keys}", beats)
	for _, s := range nodes {
		until(t, nil, 3*time.Second, func() error { _, err := s.GetKeySet(t.Context()); return err })
	}
}

func TestBeat_DataOfAnEarlierTimeAreNotBelieved(t *testing.T) {
	disk := withBackups(t)
	a, b := open(t, disk.server.Addr, "p"), open(t, disk.server.Addr, "p")
	if err := a.SaveKeySet(t.Context(), &store.KeySet{Epoch: "e", Version: 1}); err != nil {
		t.Fatal(err)
	}
	disk.pass(t, "1", a, b)
	disk.take(t)
	disk.pass(t, "60", a, b)
	r, g := ref(), ref()
	if err := a.RevokeToken(t.Context(), r.ID, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}

	disk.restore(t)
	for name, s := range map[string]*redistore.Store{"a": a, "b": b} {
		for deadline := time.Now().Add(5 * time.Second); ; { // the first answers find no connection
			err := check(s, r)
			if errors.Is(err, store.ErrReset) {
				break
			}
			if err == nil || store.IsDecision(err) || time.Now().After(deadline) {
				t.Fatalf("%s says %v of a token whose revocation was undone", name, err)
			}
		}
		if _, err := s.GetStanding(t.Context(), &oauth.Grant{ID: g.Grant, ClientID: g.ClientID, Subject: g.Subject}); !errors.Is(err, store.ErrReset) {
			t.Errorf("%s says %v of a grant", name, err)
		}
	}

	found, err := b.GetKeySet(t.Context())
	if !errors.Is(err, store.ErrReset) || found.Epoch != "e" {
		t.Fatalf("found %+v, %v", found, err)
	}
	if err := b.SaveKeySet(t.Context(), &store.KeySet{Epoch: "e2", Version: found.Version + 1, Replaces: "e"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := b.GetKeySet(t.Context()); err != nil || got.Epoch != "e2" {
			t.Fatalf("the new life: %+v, %v", got, err)
		}
	}
	if err := check(b, r); !errors.Is(err, store.ErrReset) {
		t.Errorf("of a token of the old epoch: %v", err)
	}
	r.Epoch = "e2"
	if err := check(b, r); err != nil {
		t.Errorf("of a token of the new epoch: %v", err)
	}
	until(t, nil, 3*time.Second, func() error { _, err := a.GetKeySet(t.Context()); return err })
	if err := check(a, r); err != nil {
		t.Errorf("of a token of the new epoch, at the other node: %v", err)
	}

	t.Run("a life that is over does not come back", func(t *testing.T) {
		disk.restore(t)
		until(t, store.ErrReset, 5*time.Second, func() error { return check(a, g) })
	})
}

func TestBeat_AFewLostSecondsAreNoOtherData(t *testing.T) {
	disk := withBackups(t)
	s := open(t, disk.server.Addr, "p")
	if err := s.SaveKeySet(t.Context(), &store.KeySet{Epoch: "e", Version: 1}); err != nil {
		t.Fatal(err)
	}
	disk.pass(t, "100", s)
	disk.take(t)
	disk.pass(t, "3", s)
	disk.restore(t)
	until(t, nil, 5*time.Second, func() error {
		err := check(s, ref())
		if errors.Is(err, store.ErrReset) {
			t.Fatal("three beats were lost, and nothing is believed")
		}
		return err
	})
}

func TestBeat_IsRaisedOnceASecondByAllNodesTogether(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server.Addr, "p"), open(t, server.Addr, "p")
	if err := a.SaveKeySet(t.Context(), &store.KeySet{Epoch: "e", Version: 1}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for time.Since(start) < 3500*time.Millisecond {
		for _, s := range []*redistore.Store{a, b} {
			if _, err := s.GetKeySet(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	beats := redis(t, server, "GET", "p:beat:{p:keys}")
	if n, err := beats.AsInt64(); err != nil || n < 2 || n > 8 {
		t.Errorf("%d beats in 3.5 s, %v", n, err)
	}
	ttl := redis(t, server, "PTTL", "p:beat:{p:keys}")
	if left, err := ttl.AsInt64(); err != nil || left <= 0 {
		t.Errorf("the beat lives %d ms, %v", left, err)
	}
}
