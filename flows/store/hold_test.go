package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
)

const ttl = 900 * time.Millisecond

// flaky is a store whose leases can be taken away.
type flaky struct {
	store.Store
	away atomic.Bool
}

func (f *flaky) TakeLease(ctx context.Context, name, owner string, ttl time.Duration) (store.Lease, error) {
	if f.away.Load() {
		return store.Lease{}, errors.New("away")
	}
	return f.Store.TakeLease(ctx, name, owner, ttl)
}

func leases(t *testing.T) *flaky {
	s := memstore.New(memstore.Options{})
	t.Cleanup(func() { s.Close() })
	return &flaky{Store: s}
}

func TestHold_OutlivesItsTTLAndGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := leases(t)
		err := store.Hold(t.Context(), s, "n", "a", ttl, func(ctx context.Context, held store.Lease) error {
			select {
			case <-ctx.Done():
				t.Errorf("ended: %v", context.Cause(ctx))
			case <-time.After(2 * ttl):
			}
			if _, err := s.TakeLease(t.Context(), "n", "b", ttl); err != store.ErrHeld {
				t.Errorf("somebody else takes it: %v", err)
			}
			if held.Fence != 1 {
				t.Errorf("fence %d", held.Fence)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if l, err := s.TakeLease(t.Context(), "n", "b", ttl); err != nil || l.Fence != 2 {
			t.Errorf("after it: %+v, %v", l, err)
		}
	})
}

func TestHold_LeavesTheWorkToWhoHoldsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := leases(t)
		if _, err := s.TakeLease(t.Context(), "n", "b", time.Minute); err != nil {
			t.Fatal(err)
		}
		err := store.Hold(t.Context(), s, "n", "a", ttl, func(context.Context, store.Lease) error {
			t.Error("worked")
			return nil
		})
		if err != store.ErrHeld {
			t.Error(err)
		}
	})
}

// waitLost is work that ends with its context, within what a lease lives.
func waitLost(t *testing.T) func(context.Context, store.Lease) error {
	return func(ctx context.Context, _ store.Lease) error {
		select {
		case <-ctx.Done():
			if cause := context.Cause(ctx); cause != store.ErrLeaseLost {
				t.Errorf("ended by %v", cause)
			}
		case <-time.After(10 * ttl):
			t.Error("never lost")
		}
		return nil
	}
}

func TestHold_NoticesAStoreThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := leases(t)
		start := time.Now()
		err := store.Hold(t.Context(), s, "n", "a", ttl, func(ctx context.Context, l store.Lease) error {
			s.away.Store(true)
			return waitLost(t)(ctx, l)
		})
		if !errors.Is(err, store.ErrLeaseLost) {
			t.Error(err)
		}
		if took := time.Since(start); took > 2*ttl || took < ttl/2 {
			t.Errorf("noticed after %v", took)
		}
	})
}

func TestHold_NoticesThatSomebodyElseHadIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := leases(t)
		err := store.Hold(t.Context(), s, "n", "a", ttl, func(ctx context.Context, l store.Lease) error {
			if err := s.ReleaseLease(ctx, "n", "a"); err != nil {
				t.Error(err)
			}
			if _, err := s.TakeLease(ctx, "n", "b", time.Millisecond); err != nil {
				t.Error(err)
			}
			return waitLost(t)(ctx, l)
		})
		if !errors.Is(err, store.ErrLeaseLost) {
			t.Error(err)
		}
	})
}

func TestHold_HandsOnTheErrorOfTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrong := errors.New("wrong")
		err := store.Hold(t.Context(), leases(t), "n", "a", ttl, func(context.Context, store.Lease) error { return wrong })
		if !errors.Is(err, wrong) {
			t.Error(err)
		}
	})
}
