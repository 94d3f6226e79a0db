package keys

import (
	"slices"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// edit is one change to a copy of the stored key set, which is saved as a whole if the change
// succeeds. All moments are decided here, at once: a successor's start is its predecessor's end,
// so that no later write is needed and every node sees the same change at the same time.
type edit struct {
	ks    *store.KeySet
	now   time.Time // UTC, whole milliseconds
	ahead time.Duration
	keep  time.Duration
	fresh func(oauth.Alg) (store.SigningKey, error)
}

// first fills an empty set: one key for each algorithm, so that any client can be switched to any
// of them at any time. A set that another node has filled is left alone.
func (e *edit) first() error {
	if len(e.ks.Keys) > 0 {
		return errUnchanged
	}
	for _, alg := range oauth.Algs() {
		if err := e.succeed(alg, true); err != nil {
			return err
		}
	}
	return nil
}

// succeed gives the active key of alg a successor: published now, active after `ahead`, or now.
// A successor that waits already is kept, and brought forward if atOnce says so.
func (e *edit) succeed(alg oauth.Alg, atOnce bool) error {
	next := e.find(alg, Next)
	switch {
	case next < 0:
		k, err := e.fresh(alg)
		if err != nil {
			return err
		}
		k.CreatedAt, k.ActiveAt = e.now, e.now.Add(e.ahead)
		next = len(e.ks.Keys)
		e.ks.Keys = append(e.ks.Keys, k)
	case !atOnce:
		return nil
	}
	old := e.find(alg, Active)
	k := &e.ks.Keys[next]
	if atOnce {
		k.ActiveAt = e.now
	}
	if old >= 0 && old != next {
		e.ks.Keys[old].RetiredAt = k.ActiveAt
		e.ks.Keys[old].RemoveAt = k.ActiveAt.Add(e.keep)
	}
	return nil
}

// revoke ends a key now. Its private half is destroyed; the record stays for a while, so that an
// operator can see what happened.
func (e *edit) revoke(kid string) error {
	i, err := e.byKID(kid)
	if err != nil {
		return err
	}
	alg := e.ks.Keys[i].Alg
	switch e.states()[i] {
	case Revoked:
		return errUnchanged
	case Active:
		if err := e.succeed(alg, true); err != nil {
			return err
		}
	case Next: // its predecessor stays
		if old := e.find(alg, Active); old >= 0 {
			e.ks.Keys[old].RetiredAt, e.ks.Keys[old].RemoveAt = time.Time{}, time.Time{}
		}
	}
	k := &e.ks.Keys[i]
	k.RevokedAt, k.RemoveAt, k.Sealed = e.now, e.now.Add(e.keep), nil
	if k.RetiredAt.IsZero() || k.RetiredAt.After(e.now) {
		k.RetiredAt = e.now
	}
	return nil
}

// remove deletes a retired or revoked key before its time.
func (e *edit) remove(kid string) error {
	i, err := e.byKID(kid)
	if err != nil {
		return err
	}
	if s := e.states()[i]; s == Active || s == Next {
		return ErrInUse
	}
	e.ks.Keys = slices.Delete(e.ks.Keys, i, i+1)
	return nil
}

// prune deletes the keys whose last token has expired.
func (e *edit) prune() {
	e.ks.Keys = slices.DeleteFunc(e.ks.Keys, func(k store.SigningKey) bool {
		return stateAt(&k, e.now) == gone
	})
}

func (e *edit) states() []State { return statesAt(e.ks, e.now) }

// find returns the index of the key of alg in that state, or -1.
func (e *edit) find(alg oauth.Alg, s State) int {
	for i, state := range e.states() {
		if state == s && e.ks.Keys[i].Alg == alg {
			return i
		}
	}
	return -1
}

func (e *edit) byKID(kid string) (int, error) {
	i := slices.IndexFunc(e.ks.Keys, func(k store.SigningKey) bool { return k.KID == kid })
	if i < 0 {
		return 0, ErrUnknownKey
	}
	return i, nil
}

// due lists the algorithms whose active key needs a successor published now, so that it is known
// for `ahead` before it takes over after `every`. Where every is zero, none ever does.
func due(ks *store.KeySet, now time.Time, every, ahead time.Duration) []oauth.Alg {
	if every <= 0 {
		return nil
	}
	var algs []oauth.Alg
	for i, state := range statesAt(ks, now) {
		k := &ks.Keys[i]
		if state == Active && k.RetiredAt.IsZero() && reached(k.ActiveAt.Add(every-ahead), now) {
			algs = append(algs, k.Alg)
		}
	}
	return algs
}

// hasGone reports whether a key waits to be deleted.
func hasGone(ks *store.KeySet, now time.Time) bool {
	return slices.ContainsFunc(ks.Keys, func(k store.SigningKey) bool { return stateAt(&k, now) == gone })
}

// boundary returns the next moment at which a key changes its state by time alone, or zero.
func boundary(ks *store.KeySet, now time.Time) time.Time {
	var first time.Time
	for _, k := range ks.Keys {
		for _, t := range []time.Time{k.ActiveAt, k.RetiredAt, k.RemoveAt} {
			if t.After(now) && (first.IsZero() || t.Before(first)) {
				first = t
			}
		}
	}
	return first
}
