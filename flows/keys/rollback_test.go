package keys

import (
	"context"
	"slices"
	"sync"
	"testing"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// older is a store whose data of one epoch are those of an earlier time.
type older struct {
	*line
	epoch string
}

func (o *older) GetKeySet(ctx context.Context) (*store.KeySet, error) {
	ks, err := o.line.GetKeySet(ctx)
	if err == nil && ks.Epoch == o.epoch {
		return ks, store.ErrReset
	}
	return ks, err
}

func TestManager_OlderDataBeginANewEpochOnce(t *testing.T) {
	s := newLine(t)
	first := load(t, node(s, "a"))
	rolledBack := &older{line: s, epoch: first.Epoch}
	var mu sync.Mutex
	var told []string
	var nodes []*Manager
	for range 4 {
		m := node(s, "b")
		load(t, m)
		m.cfg.Store = rolledBack
		m.cfg.OnChange = func(_ context.Context, event, _ string) { mu.Lock(); told = append(told, event); mu.Unlock() }
		nodes = append(nodes, m)
	}
	var all sync.WaitGroup
	for _, m := range nodes {
		all.Go(func() {
			if err := m.Load(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, m := range nodes {
		set := m.Snapshot()
		if set.Epoch == first.Epoch || set.Epoch != nodes[0].Snapshot().Epoch {
			t.Errorf("epoch %s after %s", set.Epoch, first.Epoch)
		}
		for _, alg := range oauth.Algs() {
			if _, _, known := set.ByHeader([]byte(first.Active(alg).AccessHeader)); known {
				t.Errorf("a key of the old epoch still verifies %s", alg)
			}
		}
	}
	if n := len(slices.DeleteFunc(told, func(event string) bool { return event != EventReset })); n != 1 {
		t.Errorf("told %d times", n)
	}
}
