package storetest

import (
	"fmt"
	"testing"
	"time"

	"tollgate/flows/store"
)

var leases = []test{
	{"a free lease is given, for as long as asked", func(t *testing.T, s store.Store) {
		before := time.Now()
		l, err := s.TakeLease(ctx, "rotate", "node-1", minute)
		ok(t, err)
		same(t, []string{l.Name, l.Owner}, []string{"rotate", "node-1"})
		if l.Fence < 1 {
			t.Errorf("fence %d", l.Fence)
		}
		if l.Until.Before(before.Add(minute)) || l.Until.After(time.Now().Add(minute)) {
			t.Errorf("until %v, asked for %v", l.Until, before.Add(minute))
		}
	}},
	{"a held lease is ErrHeld for others, and renewed for its owner with the same fence", func(t *testing.T, s store.Store) {
		first, err := s.TakeLease(ctx, "rotate", "node-1", soon)
		ok(t, err)
		_, err = s.TakeLease(ctx, "rotate", "node-2", minute)
		says(t, err, store.ErrHeld)
		again, err := s.TakeLease(ctx, "rotate", "node-1", minute)
		ok(t, err)
		same(t, again.Fence, first.Fence)
		time.Sleep(time.Until(first.Until.Add(soon)))
		_, err = s.TakeLease(ctx, "rotate", "node-2", minute)
		says(t, err, store.ErrHeld)
		_, err = s.TakeLease(ctx, "other", "node-2", minute)
		ok(t, err)
	}},
	{"a lease is free at its end, and the fence has grown", func(t *testing.T, s store.Store) {
		first, err := s.TakeLease(ctx, "rotate", "node-1", soon)
		ok(t, err)
		var second store.Lease
		goes(t, first.Until, store.ErrAbsent, func() error {
			l, err := s.TakeLease(ctx, "rotate", "node-2", minute)
			if err == store.ErrHeld {
				return nil
			}
			ok(t, err)
			second = l
			return store.ErrAbsent
		})
		if second.Fence <= first.Fence {
			t.Errorf("fence %d after %d", second.Fence, first.Fence)
		}
	}},
	{"a lease is given back by its owner only; one that is not held is no error", func(t *testing.T, s store.Store) {
		first, err := s.TakeLease(ctx, "rotate", "node-1", minute)
		ok(t, err)
		ok(t, s.ReleaseLease(ctx, "rotate", "node-2"))
		_, err = s.TakeLease(ctx, "rotate", "node-2", minute)
		says(t, err, store.ErrHeld)
		ok(t, s.ReleaseLease(ctx, "rotate", "node-1"))
		ok(t, s.ReleaseLease(ctx, "rotate", "node-1"))
		second, err := s.TakeLease(ctx, "rotate", "node-1", minute)
		ok(t, err)
		if second.Fence <= first.Fence {
			t.Errorf("fence %d after %d", second.Fence, first.Fence)
		}
	}},
	{"of 32 racing takers one gets it", func(t *testing.T, s store.Store) {
		oneWins(t, race(func(i int) error {
			_, err := s.TakeLease(ctx, "rotate", fmt.Sprint("node-", i), minute)
			return err
		}), store.ErrHeld)
	}},
}
