package memstore_test

import (
	"context"
	"encoding/binary"
	"runtime"
	"sync"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
	"tollgate/flows/store/storetest"
)

func TestMemstore_KeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, memstore.Options{}) })
}

func open(t *testing.T, o memstore.Options) *memstore.Store {
	t.Helper()
	s := memstore.New(o)
	t.Cleanup(func() { s.Close() })
	return s
}

func hash(n int) (h store.Hash) {
	binary.BigEndian.PutUint64(h[:], uint64(n)+1)
	return h
}

// clock is time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestExpiry_FollowsTheClockGiven(t *testing.T) {
	c := &clock{at: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := open(t, memstore.Options{Now: c.now})
	ctx := t.Context()
	if err := s.PutSession(ctx, hash(0), &store.Session{ExpiresAt: c.now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	c.pass(time.Hour - 1)
	if _, err := s.GetSession(ctx, hash(0)); err != nil {
		t.Errorf("before its end: %v", err)
	}
	c.pass(1)
	if _, err := s.GetSession(ctx, hash(0)); err != store.ErrAbsent {
		t.Errorf("at its end: %v", err)
	}
}

func TestFull_RefusesWhatIsNewAndKeepsWhatIsThere(t *testing.T) {
	const most = 1000
	c := &clock{at: time.Now()}
	s := open(t, memstore.Options{Now: c.now, MaxEntries: most})
	ctx := t.Context()
	put := func(n int) error {
		return s.PutSession(ctx, hash(n), &store.Session{ExpiresAt: c.now().Add(time.Minute)})
	}
	for n := range most {
		if err := put(n); err != nil {
			t.Fatalf("session %d: %v", n, err)
		}
	}
	if err := put(most); err == nil || store.IsDecision(err) {
		t.Fatalf("one too many: %v", err)
	}
	if err := put(0); err != nil {
		t.Errorf("replacing one that is there: %v", err)
	}
	if _, err := s.GetSession(ctx, hash(most-1)); err != nil {
		t.Errorf("one that is there: %v", err)
	}

	t.Run("a full store still revokes", func(t *testing.T) {
		until := c.now().Add(time.Minute)
		for _, err := range []error{
			s.RevokeToken(ctx, "t", until), s.RevokeGrant(ctx, "g", until), s.RevokeSession(ctx, "s", until),
			s.RevokeClient(ctx, "c", c.now(), until), s.RevokeSubject(ctx, "u", c.now(), until),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		for i, ref := range []store.TokenRef{{ID: "t"}, {Grant: "g"}, {SessionID: "s"}, {ClientID: "c"}, {Subject: "u"}} {
			if err := s.CheckRevoked(ctx, []store.TokenRef{ref})[0]; err != store.ErrRevoked {
				t.Errorf("revocation %d: %v", i, err)
			}
		}
	})
	t.Run("a full store spends no code for a family it cannot keep", func(t *testing.T) {
		if err := s.DeleteSession(ctx, hash(1)); err != nil {
			t.Fatal(err)
		}
		until := c.now().Add(time.Minute)
		if err := s.PutCode(ctx, hash(0), &store.Code{Grant: oauth.Grant{ID: "g2"}, ExpiresAt: until, Until: until}); err != nil {
			t.Fatal(err)
		}
		take := &store.TakeCode{Grant: "g2", Code: hash(0), Now: c.now()}
		if _, err := s.TakeCode(ctx, take); err == nil || store.IsDecision(err) {
			t.Errorf("without room: %v", err)
		}
		if err := s.DeleteSession(ctx, hash(2)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.TakeCode(ctx, take); err != nil {
			t.Errorf("with room: %v", err)
		}
	})
	t.Run("what expires makes room, each time anew", func(t *testing.T) {
		for range 3 {
			c.pass(2 * time.Minute)
			stored := 0
			for n := range most * 2 {
				if put(most+n) == nil {
					stored++
				}
			}
			// Expired records of other shards count until those are swept.
			if stored < most/2 || stored > most {
				t.Errorf("%d sessions found room for %d", stored, most)
			}
		}
	})
}

func TestSweep_ForgetsWhatNobodyReads(t *testing.T) {
	c := &clock{at: time.Now()}
	s := open(t, memstore.Options{Now: c.now, MaxEntries: 1})
	put := func(n int) error {
		return s.PutSession(context.Background(), hash(n), &store.Session{ExpiresAt: c.now().Add(time.Minute)})
	}
	if err := put(0); err != nil {
		t.Fatal(err)
	}
	c.pass(time.Hour)
	// The sweeper goes through all shards in 6.4 s; until then only 1 in 64 new records is in
	// the shard where the expired one still counts.
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if put(1) == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("what expired was not swept")
		}
	}
}

func TestClose_EndsTheSweeper(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		s := memstore.New(memstore.Options{})
		s.Close()
		s.Close()
	}
	if after := runtime.NumGoroutine(); after > before+10 {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}
