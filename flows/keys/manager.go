package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// The answers of operations that are decisions, not failures.
var (
	// ErrUnknownKey: there is no key with that id.
	ErrUnknownKey = errors.New("keys: no such key")
	// ErrInUse: the key signs or is about to; revoke it, or rotate first.
	ErrInUse = errors.New("keys: key is in use")
)

// The events that OnEvent reports, once per node that sees them.
const (
	EventPublished = "published" // a next key appeared
	EventActivated = "activated" // a key signs from now on
	EventRetired   = "retired"
	EventRevoked   = "revoked"
	EventRemoved   = "removed"
	EventReset     = "reset" // the stored data was lost or replaced: a new epoch
)

// Config says what a Manager works with. Every field but the callbacks is needed.
type Config struct {
	Store interface {
		store.SigningKeys
		store.Leases
		Generation(oauth.GrantID) uint64 // as of store.Revocations
	}
	Master       *Master
	RotateEvery  time.Duration // how long a key signs; 0 = until Rotate is called
	PublishAhead time.Duration // how long a key is published before it signs
	KeepRetired  time.Duration // longest token life plus leeway
	Node         string        // tells this process apart from others, for the lease
	Now          func() time.Time

	OnEvent func(event, kid string) // kid is "" for EventReset
	OnError func(error)             // of Run; one that repeats is reported once, and nil once it is over
	// OnChange reports what this node itself changed and saved, so that of all nodes one tells.
	// What time alone changes later, such as a next key that becomes active, is not reported.
	OnChange func(ctx context.Context, event, kid string)
}

// Manager keeps the snapshot of the signing keys fresh and rotates them. All nodes of one store
// run one each; the stored set changes by compare-and-swap, and one of them does the timely work
// under a lease. Its methods may be called at any time from anywhere.
type Manager struct {
	cfg  Config
	snap atomic.Pointer[Set]
	read atomic.Pointer[reading] // the last one in which all keys opened

	// mu stands around reading or saving the set and swapping the snapshot, so that an older
	// read can never replace a newer save. No key is made while it is held.
	mu       sync.Mutex
	stored   *store.KeySet // what snap was built from; read only
	opened   map[string]openedKey
	unopened error     // why a key of stored does not open; nil if all do
	boundary time.Time // when snap is out of date by time alone; zero = never

	flights flights
}

// openedKey remembers what was unsealed: an unchanged key is parsed once, and one that another node
// has sealed under a master key we lack is still good.
type openedKey struct {
	sealed []byte
	key    *Key
}

// reading says when the set was read, and at which generation of the store at the latest.
type reading struct {
	generation uint64
	at         time.Time
}

// NewManager returns a manager that has loaded nothing yet.
func NewManager(cfg Config) *Manager {
	if cfg.OnEvent == nil {
		cfg.OnEvent = func(string, string) {}
	}
	if cfg.OnChange == nil {
		cfg.OnChange = func(context.Context, string, string) {}
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	return &Manager{cfg: cfg, opened: map[string]openedKey{}}
}

// Snapshot returns the keys as they are known now: nil before the first load, never stale by more
// than a second while the store answers. It costs one atomic load.
func (m *Manager) Snapshot() *Set { return m.snap.Load() }

// Load reads the key set, or makes and saves the first one where the store has none. Of racing
// nodes one saves and the others read what it made.
func (m *Manager) Load(ctx context.Context) error {
	err := m.reread(ctx)
	if errors.Is(err, store.ErrAbsent) || errors.Is(err, store.ErrReset) {
		// None yet, or lost, or of an earlier time: the data's new life gets new keys, and no old
		// token is good in it.
		err = m.change(ctx, (*edit).first)
	}
	if err != nil {
		return fmt.Errorf("load signing keys: %w", err)
	}
	return nil
}

// Read reads the key set, and says store.ErrAbsent where there is none yet.
func (m *Manager) Read(ctx context.Context) error {
	if err := m.reread(ctx); err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	return nil
}

// reread adopts what the store holds.
func (m *Manager) reread(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	begun := &reading{m.cfg.Store.Generation(""), m.cfg.Now()}
	ks, err := m.cfg.Store.GetKeySet(ctx)
	if err != nil {
		return err
	}
	if err := m.adopt(ks); err != nil {
		return err
	}
	if m.unopened == nil {
		m.read.Store(begun)
	}
	return m.unopened
}

// newsTime is for the news that a set was saved to travel, and for what is issued to be dated by another
// clock, in whole seconds. No news of a key that was used before has to be awaited.
const newsTime = 2 * time.Second

// IsFresh reports whether the set was read, and every key of it opened, at most so long before now, the
// store has not said since that it may be another, and it holds the key of what was issued at that moment.
func (m *Manager) IsFresh(now time.Time, within time.Duration, issued time.Time) bool {
	last := m.read.Load()
	return last != nil && last.generation == m.cfg.Store.Generation("") && now.Sub(last.at) < within &&
		issued.Before(last.at.Add(-newsTime))
}

// adopt makes ks the set that everybody sees. A malformed one changes nothing. Where keys of it do
// not open, the rest counts all the same: nobody may go on trusting a revoked key because of
// another one. Only the first set must open as a whole. mu is held.
func (m *Manager) adopt(ks *store.KeySet) error {
	now := m.now()
	if m.stored != nil && sameSet(m.stored, ks) && !reached(m.boundary, now) {
		return nil
	}
	opened, unopened := m.openAll(ks, now)
	if m.stored == nil && unopened != nil {
		return unopened
	}
	set, err := newSet(ks, opened, now)
	if err != nil {
		return err
	}
	old := m.snap.Swap(set)
	m.stored, m.opened, m.unopened, m.boundary = ks, opened, unopened, boundary(ks, now)
	report(m.cfg.OnEvent, old, set)
	return nil
}

// openAll unseals every key that can still sign or verify, and returns those that it has and why
// the first of the others does not open.
func (m *Manager) openAll(ks *store.KeySet, now time.Time) (opened map[string]openedKey, unopened error) {
	opened = map[string]openedKey{}
	for i := range ks.Keys {
		r := &ks.Keys[i]
		if s := stateAt(r, now); s == Revoked || s == gone {
			continue
		}
		known, ok := m.opened[r.KID]
		ok = ok && known.key.Alg == r.Alg
		if !ok || !bytes.Equal(known.sealed, r.Sealed) {
			k, err := m.cfg.Master.OpenKey(r)
			switch {
			case err == nil:
				known, ok = openedKey{sealed: r.Sealed, key: k}, true
			case unopened == nil:
				unopened = err
			}
		}
		if ok {
			opened[r.KID] = known // its id is the hash of its public half: it is this very key
		}
	}
	return opened, unopened
}

// now is the time as it is stored.
func (m *Manager) now() time.Time { return m.cfg.Now().UTC().Truncate(time.Millisecond) }

// sameSet compares everything: after a failover of the store, an equal version need not mean
// equal keys.
func sameSet(a, b *store.KeySet) bool {
	return a.Epoch == b.Epoch && a.Version == b.Version && slices.EqualFunc(a.Keys, b.Keys, sameKey)
}

func sameKey(a, b store.SigningKey) bool {
	return a.KID == b.KID && a.Alg == b.Alg && bytes.Equal(a.Sealed, b.Sealed) &&
		a.ActiveAt.Equal(b.ActiveAt) && a.RetiredAt.Equal(b.RetiredAt) &&
		a.RemoveAt.Equal(b.RemoveAt) && a.RevokedAt.Equal(b.RevokedAt)
}
