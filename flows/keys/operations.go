package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

const (
	// changeTries bounds the retries of a change that other nodes keep overtaking, and of the
	// turns in between that make a key.
	changeTries = 16
	epochSize   = 16
)

// errUnchanged ends an edit that found nothing to do.
var errUnchanged = errors.New("keys: nothing to change")

// needKey ends an edit that needs a new key: it is made without the lock, then the edit is tried
// again.
type needKey oauth.Alg

func (n needKey) Error() string { return "keys: needs a new " + string(n) + " key" }

// Rotate gives the active key of alg ("" = of every algorithm) a successor: published now and
// signing after PublishAhead, or signing at once. The old key stays published until its last
// token has expired. Without atOnce, a successor that waits already is enough.
func (m *Manager) Rotate(ctx context.Context, alg oauth.Alg, atOnce bool) error {
	algs := oauth.Algs()
	if alg != "" {
		algs = []oauth.Alg{alg}
	}
	err := m.change(ctx, func(e *edit) error {
		for _, alg := range algs {
			if err := e.succeed(alg, atOnce); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("rotate signing key: %w", err)
	}
	return nil
}

// Revoke takes a key out of JWKS and refuses all its tokens: here at once, on other nodes within a
// second. An active key is replaced in the same step. Revoking twice is no error; ErrUnknownKey
// where there is no such key.
func (m *Manager) Revoke(ctx context.Context, kid string) error {
	if err := m.change(ctx, func(e *edit) error { return e.revoke(kid) }); err != nil {
		return fmt.Errorf("revoke signing key: %w", err)
	}
	return nil
}

// Remove deletes a retired or revoked key before its time: what it signed is refused from then on.
// ErrInUse for any other key, ErrUnknownKey where there is none.
func (m *Manager) Remove(ctx context.Context, kid string) error {
	if err := m.change(ctx, func(e *edit) error { return e.remove(kid) }); err != nil {
		return fmt.Errorf("remove signing key: %w", err)
	}
	return nil
}

// change applies an edit to the stored set and saves it, from the start again when another node
// was faster. The edit may run several times.
func (m *Manager) change(ctx context.Context, apply func(*edit) error) error {
	made := map[oauth.Alg]store.SigningKey{}
	var err error
	for range changeTries {
		err = m.tryChange(ctx, apply, made)
		var need needKey
		switch {
		case errors.As(err, &need):
			if made[oauth.Alg(need)], err = m.generate(oauth.Alg(need)); err != nil {
				return err
			}
		case !errors.Is(err, store.ErrVersion):
			return err
		}
	}
	return err
}

// tryChange is one attempt. The keys in made are used, not more than one of each algorithm.
func (m *Manager) tryChange(ctx context.Context, apply func(*edit) error, made map[oauth.Alg]store.SigningKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	ks, err := m.cfg.Store.GetKeySet(ctx)
	lost := errors.Is(err, store.ErrAbsent) && m.Snapshot() != nil // what this node has seen is gone
	switch {
	case errors.Is(err, store.ErrAbsent):
		ks, apply = &store.KeySet{Epoch: newEpoch()}, (*edit).first
	case errors.Is(err, store.ErrReset):
		ks, apply = &store.KeySet{Epoch: store.LaterEpoch(newEpoch()), Version: ks.Version, Replaces: ks.Epoch}, (*edit).first
	case err != nil:
		return err
	}
	next := &store.KeySet{Epoch: ks.Epoch, Version: ks.Version + 1, Keys: slices.Clone(ks.Keys), Replaces: ks.Replaces}
	e := &edit{ks: next, now: m.now(), ahead: m.cfg.PublishAhead, keep: m.cfg.KeepRetired,
		fresh: func(alg oauth.Alg) (store.SigningKey, error) {
			k, ok := made[alg]
			if !ok {
				return k, needKey(alg)
			}
			return k, nil
		}}
	e.prune()
	if err := apply(e); err != nil && !errors.Is(err, errUnchanged) {
		return err
	}
	if slices.EqualFunc(ks.Keys, next.Keys, sameKey) {
		return m.adopt(ks)
	}
	m.reseal(next)
	if err := m.cfg.Store.SaveKeySet(ctx, next); err != nil {
		return err
	}
	if lost || next.Replaces != "" {
		m.cfg.OnChange(ctx, EventReset, "")
	}
	reportStates(func(event, kid string) { m.cfg.OnChange(ctx, event, kid) }, storedStates(ks, e.now), storedStates(next, e.now))
	return m.adopt(next)
}

// generate makes a key as it will rest in the store.
func (m *Manager) generate(alg oauth.Alg) (store.SigningKey, error) {
	k, err := Generate(alg)
	if err != nil {
		return store.SigningKey{}, err
	}
	sealed, err := m.cfg.Master.SealKey(k)
	if err != nil {
		return store.SigningKey{}, err
	}
	return store.SigningKey{KID: k.KID, Alg: alg, Sealed: sealed}, nil
}

// reseal puts keys that an older master key of the ring sealed under the first one. It rides on
// saves that happen anyway, so that nodes with differing rings cannot undo each other's forever.
func (m *Manager) reseal(ks *store.KeySet) {
	for i := range ks.Keys {
		r := &ks.Keys[i]
		aad := sealedAs(r.KID, r.Alg)
		if der, at, err := m.cfg.Master.open(r.Sealed, aad); err == nil && at > 0 {
			r.Sealed = m.cfg.Master.Seal(der, aad)
		}
	}
}

func newEpoch() string {
	var raw [epochSize]byte
	rand.Read(raw[:])
	return b64.EncodeToString(raw[:])
}
