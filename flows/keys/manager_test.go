package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
)

const (
	testEvery = 2 * time.Hour
	testAhead = 20 * time.Minute
	testKeep  = 10 * time.Minute
)

// line stands between a manager and its store: it can be cut, and it counts reads.
type line struct {
	*memstore.Store
	cut   atomic.Bool
	reads atomic.Int64
}

var errCut = errors.New("connection refused")

func (l *line) GetKeySet(ctx context.Context) (*store.KeySet, error) {
	l.reads.Add(1)
	if l.cut.Load() {
		return nil, errCut
	}
	return l.Store.GetKeySet(ctx)
}

func (l *line) SaveKeySet(ctx context.Context, ks *store.KeySet) error {
	if l.cut.Load() {
		return errCut
	}
	return l.Store.SaveKeySet(ctx, ks)
}

func newLine(t *testing.T) *line {
	l := &line{Store: memstore.New(memstore.Options{})}
	t.Cleanup(func() { l.Close() })
	return l
}

// node makes a manager on the store; fields of the config can be changed before its first use.
func node(s *line, name string) *Manager {
	return NewManager(Config{
		Store: s, Master: DevMaster(), RotateEvery: testEvery, PublishAhead: testAhead,
		KeepRetired: testKeep, Node: name, Now: time.Now,
	})
}

func load(t *testing.T, m *Manager) *Set {
	t.Helper()
	if err := m.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m.Snapshot()
}

// states renders the keys of one algorithm as "retired active next".
func states(s *Set, alg oauth.Alg) string {
	var out []string
	for _, k := range s.Keys() {
		if k.Alg == alg {
			out = append(out, string(k.State))
		}
	}
	return strings.Join(out, " ")
}

func TestManager_FirstLoadMakesAKeyForEveryAlgorithm(t *testing.T) {
	s := newLine(t)
	m := node(s, "a")
	if m.Snapshot() != nil {
		t.Fatal("a snapshot before the first load")
	}
	set := load(t, m)
	for _, alg := range oauth.Algs() {
		k := set.Active(alg)
		if k == nil || k.Alg != alg {
			t.Fatalf("active key of %s: %v", alg, k)
		}
		for segment, want := range map[string]bool{k.AccessHeader: true, k.IDHeader: false} {
			if got, access, ok := set.ByHeader([]byte(segment)); !ok || got != k || access != want {
				t.Errorf("%s: header finds %v, %v, %v", alg, got, access, ok)
			}
		}
	}
	if set.Active("HS256") != nil {
		t.Error("an active key for an algorithm we do not have")
	}
	if len(set.Epoch) != 22 {
		t.Errorf("epoch %q", set.Epoch)
	}
	stored, err := s.GetKeySet(t.Context())
	if err != nil || stored.Version != 1 {
		t.Fatalf("stored %+v, %v", stored, err)
	}
}

func TestManager_RacingFirstLoadsAgreeOnOneSet(t *testing.T) {
	s := newLine(t)
	nodes := make([]*Manager, 32)
	var wg sync.WaitGroup
	for i := range nodes {
		nodes[i] = node(s, fmt.Sprint("node", i))
		wg.Go(func() {
			if err := nodes[i].Load(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	doc, tag := nodes[0].Snapshot().JWKS()
	if got := len(nodes[0].Snapshot().Keys()); got != len(oauth.Algs()) {
		t.Errorf("%d keys", got)
	}
	for _, n := range nodes[1:] {
		d, e := n.Snapshot().JWKS()
		if !bytes.Equal(doc, d) || tag != e || n.Snapshot().Epoch != nodes[0].Snapshot().Epoch {
			t.Fatal("row 312: two nodes show different keys")
		}
		if n.Snapshot().Active(oauth.ES256).KID != nodes[0].Snapshot().Active(oauth.ES256).KID {
			t.Fatal("two nodes sign with different keys")
		}
	}
}

func TestManager_LookupOfAKeyDoesNotAllocate(t *testing.T) {
	m := node(newLine(t), "a")
	set := load(t, m)
	header := []byte(set.Active(oauth.RS256).AccessHeader)
	if n := testing.AllocsPerRun(100, func() { m.Snapshot().ByHeader(header) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestManager_KeysGoFromNextToActiveToRetiredToGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLine(t)
		m := node(s, "a")
		var events []string
		m.cfg.OnEvent = func(event, _ string) { events = append(events, event) }
		m.cfg.OnError = func(err error) { t.Error(err) }
		first := load(t, m).Active(oauth.ES256)
		ctx, stop := context.WithCancel(t.Context())
		go m.Run(ctx)
		defer stop()

		at := func(d time.Duration, want string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := states(m.Snapshot(), oauth.ES256); got != want {
				t.Fatalf("states %q, want %q", got, want)
			}
		}
		at(testEvery-testAhead-time.Minute, "active")
		at(2*time.Minute, "active next")
		jwksBefore, tagBefore := m.Snapshot().JWKS()
		at(testAhead-2*time.Minute, "active next")
		if m.Snapshot().Active(oauth.ES256) != first {
			t.Fatal("row 313: the new key signs before it was published long enough")
		}
		at(2*time.Minute, "retired active")
		if m.Snapshot().Active(oauth.ES256).KID == first.KID {
			t.Fatal("the old key still signs")
		}
		if k, _, ok := m.Snapshot().ByHeader([]byte(first.AccessHeader)); !ok || k.KID != first.KID {
			t.Fatal("row 313: a retired key verifies no more")
		}
		if doc, tag := m.Snapshot().JWKS(); !bytes.Equal(doc, jwksBefore) || tag != tagBefore {
			t.Error("becoming active changes the JWKS")
		}
		at(testKeep-2*time.Minute, "retired active")
		at(3*time.Minute, "active")
		if _, _, ok := m.Snapshot().ByHeader([]byte(first.AccessHeader)); ok {
			t.Fatal("row 284: a removed key still verifies")
		}
		if doc, _ := m.Snapshot().JWKS(); bytes.Contains(doc, []byte(first.KID)) {
			t.Error("a removed key is still published")
		}
		stored, err := s.GetKeySet(t.Context())
		if err != nil || len(stored.Keys) != len(oauth.Algs()) {
			t.Errorf("the removed key is still stored: %v", err)
		}
		for _, e := range []string{EventPublished, EventActivated, EventRetired, EventRemoved} {
			if n := countOf(events, e); n != len(oauth.Algs()) {
				t.Errorf("%d events %q, want one per algorithm", n, e)
			}
		}
	})
}

func countOf(events []string, e string) int {
	n := 0
	for _, x := range events {
		if x == e {
			n++
		}
	}
	return n
}

func TestManager_OneOfTwoNodesRotates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLine(t)
		nodes := []*Manager{node(s, "a"), node(s, "b"), node(s, "c")}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		for _, n := range nodes {
			load(t, n)
			go n.Run(ctx)
		}
		time.Sleep(testEvery - testAhead + 3*time.Second)
		synctest.Wait()
		doc, _ := nodes[0].Snapshot().JWKS()
		for i, n := range nodes {
			if got := states(n.Snapshot(), oauth.RS256); got != "active next" {
				t.Errorf("node %d: states %q", i, got)
			}
			if d, _ := n.Snapshot().JWKS(); !bytes.Equal(d, doc) {
				t.Errorf("row 312: node %d shows other keys", i)
			}
		}
		if stored, _ := s.GetKeySet(ctx); stored.Version != 2 {
			t.Errorf("the set was saved %d times, want 2", stored.Version)
		}
	})
}

func TestManager_TimePassesWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLine(t)
		m := node(s, "a")
		var errs []error
		m.cfg.OnError = func(err error) { errs = append(errs, err) }
		first := load(t, m).Active(oauth.RS256)
		if err := m.Rotate(t.Context(), oauth.RS256, false); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go m.Run(ctx)
		s.cut.Store(true)
		time.Sleep(testAhead + 2*time.Second)
		synctest.Wait()
		if m.Snapshot().Active(oauth.RS256).KID == first.KID {
			t.Error("the next key did not become active")
		}
		if got := states(m.Snapshot(), oauth.RS256); got != "retired active" {
			t.Errorf("states %q", got)
		}
		if len(errs) != 1 || !errors.Is(errs[0], errCut) {
			t.Errorf("an outage of minutes was reported %d times: %v", len(errs), errs)
		}
		s.cut.Store(false)
		time.Sleep(2 * time.Second)
		s.cut.Store(true)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(errs) != 3 || errs[1] != nil || !errors.Is(errs[2], errCut) {
			t.Errorf("an end and a second outage were reported as %v", errs[1:])
		}
	})
}

func TestManager_RunLoadsWhenTheStoreComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLine(t)
		s.cut.Store(true)
		m := node(s, "a")
		if err := m.Load(t.Context()); !errors.Is(err, errCut) {
			t.Fatalf("load without a store: %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go m.Run(ctx)
		time.Sleep(3 * time.Second)
		s.cut.Store(false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if m.Snapshot() == nil {
			t.Error("no snapshot after the store came")
		}
	})
}

func TestManager_LostDataBeginsANewEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLine(t)
		a, b := node(s, "a"), node(s, "b")
		var events []string
		b.cfg.OnEvent = func(event, kid string) { events = append(events, event+kid) }
		told := make(chan string, 100)
		for _, m := range []*Manager{a, b} {
			m.cfg.OnChange = func(_ context.Context, event, _ string) { told <- event }
		}
		old := load(t, a)
		load(t, b)
		empty := memstore.New(memstore.Options{})
		defer empty.Close()
		s.Store.Close()
		s.Store = empty

		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go a.Run(ctx)
		go b.Run(ctx)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		now := a.Snapshot()
		if now.Epoch == old.Epoch || now.Epoch != b.Snapshot().Epoch {
			t.Fatalf("epochs: %s, then %s and %s", old.Epoch, now.Epoch, b.Snapshot().Epoch)
		}
		for _, alg := range oauth.Algs() {
			if _, _, ok := now.ByHeader([]byte(old.Active(alg).AccessHeader)); ok {
				t.Errorf("%s: a key of the lost epoch still verifies", alg)
			}
		}
		if !slices.Equal(events, []string{EventReset}) {
			t.Errorf("events %v", events)
		}
		close(told)
		resets := 0
		for event := range told {
			if event == EventReset {
				resets++
			}
		}
		if resets != 1 {
			t.Errorf("told %d times that the data were lost", resets)
		}
	})
}

func TestManager_AClockBehindFindsAKeyThatSigns(t *testing.T) {
	s := newLine(t)
	ahead, behind := node(s, "ahead"), node(s, "behind")
	behind.cfg.Now = func() time.Time { return time.Now().Add(-time.Minute) }
	want := load(t, ahead)
	got := load(t, behind)
	for _, alg := range oauth.Algs() {
		if got.Active(alg).KID != want.Active(alg).KID {
			t.Errorf("%s: another key signs", alg)
		}
	}
	if err := ahead.Revoke(t.Context(), want.Active(oauth.ES256).KID); err != nil {
		t.Fatal(err)
	}
	if got = load(t, behind); got.Active(oauth.ES256).KID != ahead.Snapshot().Active(oauth.ES256).KID {
		t.Error("after a revocation, the clock behind signs with another key")
	}
}

// spoil changes the stored set behind the managers' backs.
func spoil(t *testing.T, s *line, change func(*store.KeySet)) {
	t.Helper()
	ks, err := s.GetKeySet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ks.Version++
	change(ks)
	if err := s.SaveKeySet(t.Context(), ks); err != nil {
		t.Fatal(err)
	}
}

func TestManager_KeepsWhatItHasWhenTheSetIsMalformed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*store.KeySet)
		want   string
	}{
		"no key for an algorithm": {func(ks *store.KeySet) { ks.Keys = ks.Keys[:2] }, "no key signs EdDSA"},
		"the same key twice":      {func(ks *store.KeySet) { ks.Keys = append(ks.Keys, ks.Keys[0]) }, "two keys"},
		"empty":                   {func(ks *store.KeySet) { ks.Keys = nil }, "no key signs"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newLine(t)
			m := node(s, "a")
			before := load(t, m)
			spoil(t, s, c.change)
			if err := m.Load(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if m.Snapshot() != before {
				t.Error("the snapshot was replaced")
			}
		})
	}
}

// A key that was opened once is known by its id, whatever becomes of the stored one.
func TestManager_AnOpenedKeyOutlivesItsSeal(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *store.KeySet){
		"garbage in place of a key": func(_ *testing.T, ks *store.KeySet) { ks.Keys[1].Sealed = []byte("garbage") },
		"two keys change places": func(_ *testing.T, ks *store.KeySet) {
			ks.Keys[0].Sealed, ks.Keys[1].Sealed = ks.Keys[1].Sealed, ks.Keys[0].Sealed
		},
		"sealed with another master": func(t *testing.T, ks *store.KeySet) { ks.Keys[2].Sealed = foreignSeal(t, ks.Keys[2]) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newLine(t)
			m, late := node(s, "a"), node(s, "late")
			before := load(t, m)
			spoil(t, s, func(ks *store.KeySet) { change(t, ks) })
			for range 2 { // the second read finds nothing changed, and is no better
				if err := m.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "master_key_file") {
					t.Errorf("error %v", err)
				}
			}
			for _, alg := range oauth.Algs() {
				if m.Snapshot().Active(alg) != before.Active(alg) {
					t.Errorf("%s: another key signs", alg)
				}
			}
			if !m.Snapshot().Complete() {
				t.Error("a key is missing")
			}
			if err := late.Load(t.Context()); err == nil || late.Snapshot() != nil {
				t.Errorf("a node that starts now: %v", err)
			}
		})
	}
}

func foreignSeal(t *testing.T, r store.SigningKey) []byte {
	k, err := DevMaster().OpenKey(&r)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseMaster([]byte(NewMasterKey()))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := m.SealKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}
