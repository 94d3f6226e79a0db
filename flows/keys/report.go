package keys

import (
	"time"

	"tollgate/flows/store"
)

// report tells what became different between two snapshots; old is nil for the first.
func report(on func(event, kid string), old, set *Set) {
	if old == nil {
		return
	}
	if old.Epoch != set.Epoch {
		on(EventReset, "")
		return
	}
	reportStates(on, infoStates(old), infoStates(set))
}

// keyState is one key as a report sees it.
type keyState struct {
	kid   string
	state State
}

func infoStates(s *Set) []keyState {
	out := make([]keyState, len(s.infos))
	for i, k := range s.infos {
		out[i] = keyState{k.KID, k.State}
	}
	return out
}

func storedStates(ks *store.KeySet, now time.Time) []keyState {
	var out []keyState
	for i, state := range statesAt(ks, now) {
		if state != gone {
			out = append(out, keyState{ks.Keys[i].KID, state})
		}
	}
	return out
}

func reportStates(on func(event, kid string), old, set []keyState) {
	events := map[State]string{Next: EventPublished, Active: EventActivated, Retired: EventRetired, Revoked: EventRevoked}
	before := map[string]State{}
	for _, k := range old {
		before[k.kid] = k.state
	}
	for _, k := range set {
		if before[k.kid] != k.state {
			on(events[k.state], k.kid)
		}
		delete(before, k.kid)
	}
	for _, k := range old {
		if _, missing := before[k.kid]; missing {
			on(EventRemoved, k.kid)
		}
	}
}
