package keys

import (
	"fmt"
	"slices"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// State is where a key stands in its life.
type State string

// A key goes through the first three in this order, and then it is gone; revoked is the way out
// in an emergency.
const (
	Next    State = "next"    // published, does not sign yet
	Active  State = "active"  // signs
	Retired State = "retired" // signs no more, still verifies
	Revoked State = "revoked" // neither published nor accepted
	gone    State = "gone"    // past its RemoveAt, waits to be deleted
)

// stateAt derives the state from the times of the record.
func stateAt(k *store.SigningKey, now time.Time) State {
	switch {
	case reached(k.RemoveAt, now):
		return gone
	case !k.RevokedAt.IsZero():
		return Revoked
	case reached(k.RetiredAt, now):
		return Retired
	case reached(k.ActiveAt, now):
		return Active
	default:
		return Next
	}
}

// statesAt returns the state of every record of the set, with at most one active key for each
// algorithm. Where time says that none is active yet, the key that comes first is: the node that
// made it has a clock ahead of ours.
func statesAt(ks *store.KeySet, now time.Time) []State {
	states := make([]State, len(ks.Keys))
	active := map[oauth.Alg]int{}
	for i := range ks.Keys {
		r := &ks.Keys[i]
		states[i] = stateAt(r, now)
		if states[i] != Active {
			continue
		}
		if j, two := active[r.Alg]; two {
			if ks.Keys[j].ActiveAt.After(r.ActiveAt) {
				states[i] = Retired
				continue
			}
			states[j] = Retired
		}
		active[r.Alg] = i
	}
	for i, r := range ks.Keys {
		if _, ok := active[r.Alg]; !ok && states[i] == Next {
			states[i] = Active
			active[r.Alg] = i
		}
	}
	return states
}

func reached(moment, now time.Time) bool { return !moment.IsZero() && !now.Before(moment) }

// Info is what an operator may know of a key. Times that are not set are zero.
type Info struct {
	KID       string    `json:"kid"`
	Alg       oauth.Alg `json:"alg"`
	State     State     `json:"state"`
	CreatedAt time.Time `json:"created_at"`
	ActiveAt  time.Time `json:"active_at"`
	RetiredAt time.Time `json:"retired_at,omitzero"`
	RemoveAt  time.Time `json:"remove_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// Set is an immutable snapshot of all signing keys at one moment.
type Set struct {
	Epoch string // names this life of the stored data; store.TokenRef carries it

	active  map[oauth.Alg]*Key
	headers map[string]header
	revoked map[string]bool // by header segment
	jwks    []byte
	etag    string
	infos   []Info
	missing bool
}

type header struct {
	key    *Key
	access bool
}

// Active returns the key that signs with alg. It is nil for an algorithm that oauth.Algs does not
// list, and where this node cannot open the key that signs: no other may take its place.
func (s *Set) Active(alg oauth.Alg) *Key { return s.active[alg] }

// ByHeader finds the key behind the header segment of a JWT. There is exactly one spelling of
// each header we sign, and this looks for the whole of it: a token cannot choose its algorithm.
// access tells an access token's header from an id_token's.
func (s *Set) ByHeader(segment []byte) (k *Key, access, ok bool) {
	h, ok := s.headers[string(segment)]
	return h.key, h.access, ok
}

// IsRevoked reports whether a header segment is of a key that was revoked: there is no need to ask
// the store for one that is known to be bad.
func (s *Set) IsRevoked(segment []byte) bool { return s.revoked[string(segment)] }

// JWKS returns the public keys (RFC 7517 5) and the document's ETag, quotes included. The bytes
// are shared: read only.
func (s *Set) JWKS() (doc []byte, etag string) { return s.jwks, s.etag }

// Complete reports whether this node has every key that others of the store publish. One without
// cannot judge all tokens, and its JWKS would make relying parties refuse good ones.
func (s *Set) Complete() bool { return !s.missing }

// Keys describes every key of the set, revoked ones included, in the order they were made.
func (s *Set) Keys() []Info { return slices.Clone(s.infos) }

// newSet builds the snapshot of ks at a moment from the keys that could be opened.
func newSet(ks *store.KeySet, opened map[string]openedKey, now time.Time) (*Set, error) {
	states := statesAt(ks, now)
	if err := checkForm(ks, states); err != nil {
		return nil, err
	}
	s := &Set{Epoch: ks.Epoch, active: map[oauth.Alg]*Key{}, headers: map[string]header{}, revoked: map[string]bool{}}
	var published []*Key
	for i := range ks.Keys {
		r := &ks.Keys[i]
		if states[i] == gone {
			continue
		}
		s.infos = append(s.infos, Info{
			KID: r.KID, Alg: r.Alg, State: states[i], CreatedAt: r.CreatedAt,
			ActiveAt: r.ActiveAt, RetiredAt: r.RetiredAt, RemoveAt: r.RemoveAt, RevokedAt: r.RevokedAt,
		})
		if states[i] == Revoked {
			s.revoked[headerSegment(r.Alg, r.KID, typeAccess)] = true
			s.revoked[headerSegment(r.Alg, r.KID, typeID)] = true
			continue
		}
		k := opened[r.KID].key
		if k == nil {
			s.missing = true
			continue
		}
		published = append(published, k)
		s.headers[k.AccessHeader] = header{key: k, access: true}
		s.headers[k.IDHeader] = header{key: k}
		if states[i] == Active {
			s.active[k.Alg] = k
		}
	}
	s.jwks, s.etag = jwks(published)
	return s, nil
}

// checkForm refuses what no node of ours has saved: an algorithm that nothing signs, or one id twice.
func checkForm(ks *store.KeySet, states []State) error {
	signs, seen := map[oauth.Alg]bool{}, map[string]bool{}
	for i, r := range ks.Keys {
		if seen[r.KID] {
			return fmt.Errorf("key set: two keys with the id %s", r.KID)
		}
		seen[r.KID] = true
		signs[r.Alg] = signs[r.Alg] || states[i] == Active
	}
	for _, alg := range oauth.Algs() {
		if !signs[alg] {
			return fmt.Errorf("key set: no key signs %s", alg)
		}
	}
	return nil
}
