package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

var generations = []test{
	{"the generation moves before a change is answered", func(t *testing.T, s store.Store) {
		until := now().Add(minute)
		r := ref()
		for i, change := range []func() error{
			func() error { return s.RevokeToken(ctx, r.ID, until) },
			func() error { return s.RevokeGrant(ctx, r.Grant, until) },
			func() error { return s.RevokeSession(ctx, r.SessionID, until) },
			func() error { return s.RevokeClient(ctx, r.ClientID, now(), until) },
			func() error { return s.RevokeSubject(ctx, r.Subject, now(), until) },
			func() error { return s.CreateClient(ctx, &oauth.Client{ID: "app"}) },
			func() error { return s.UpdateClient(ctx, &oauth.Client{ID: "app", Version: 1, Disabled: true}) },
			func() error { return s.DeleteClient(ctx, "app") },
			func() error { return s.SaveKeySet(ctx, keySet(1)) },
		} {
			before := s.Generation(r.Grant)
			ok(t, change())
			if s.Generation(r.Grant) == before {
				t.Errorf("change %d has not moved the generation", i)
			}
		}
	}},
	{"what is not revoked is believed for a while", func(t *testing.T, s store.Store) {
		if s.GenerationLife() <= 0 {
			t.Error("answers live for no time at all")
		}
	}},
	{"row 209: who remembers a generation accepts nothing that this node has revoked", func(t *testing.T, s store.Store) {
		for round := range 20 {
			r := ref()
			r.Subject = fmt.Sprint("usr_", round)
			revoked := raceReaders(t, s, r)
			ok(t, s.RevokeSubject(ctx, r.Subject, now(), now().Add(minute)))
			revoked()
		}
	}},
}

// raceReaders asks about a token without end, as those do who remember what was said in a
// generation. What it returns says that a revocation was answered, and waits until all readers have
// seen it.
func raceReaders(t *testing.T, s store.Store, r store.TokenRef) (revoked func()) {
	var answered atomic.Bool
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			believed, any := uint64(0), false
			for {
				late := answered.Load() // from here on nobody may accept
				generation := s.Generation(r.Grant)
				if !any || believed != generation {
					if err := check(s, r); err == store.ErrRevoked {
						return
					} else if err != nil {
						t.Error(err)
						return
					}
					believed, any = generation, true
				}
				if late {
					t.Error("accepted after the revocation was answered")
					return
				}
			}
		})
	}
	return func() { answered.Store(true); group.Wait() }
}
