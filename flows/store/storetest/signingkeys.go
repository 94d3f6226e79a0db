package storetest

import (
	"fmt"
	"testing"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

func keySet(version int64) *store.KeySet {
	return &store.KeySet{Epoch: "epoch-1", Version: version, Keys: []store.SigningKey{
		{KID: "one", Alg: oauth.RS256, Sealed: []byte{0, 255}, CreatedAt: now(), ActiveAt: now()},
		{KID: "two", Alg: oauth.EdDSA, Sealed: []byte{1}, CreatedAt: now(), ActiveAt: now(),
			RetiredAt: now(), RemoveAt: now(), RevokedAt: now()},
	}}
}

var signingKeys = []test{
	{"no key set is ErrAbsent before the first save", func(t *testing.T, s store.Store) {
		_, err := s.GetKeySet(ctx)
		says(t, err, store.ErrAbsent)
		says(t, s.SaveKeySet(ctx, keySet(2)), store.ErrVersion)
		says(t, s.SaveKeySet(ctx, keySet(0)), store.ErrVersion)
	}},
	{"a key set is returned as it was saved", func(t *testing.T, s store.Store) {
		want := keySet(1)
		ok(t, s.SaveKeySet(ctx, want))
		got, err := s.GetKeySet(ctx)
		ok(t, err)
		same(t, got, want)
	}},
	{"only the next version replaces it", func(t *testing.T, s store.Store) {
		ok(t, s.SaveKeySet(ctx, keySet(1)))
		for _, version := range []int64{0, 1, 3} {
			says(t, s.SaveKeySet(ctx, keySet(version)), store.ErrVersion)
		}
		want := keySet(2)
		want.Keys = want.Keys[:1]
		ok(t, s.SaveKeySet(ctx, want))
		got, err := s.GetKeySet(ctx)
		ok(t, err)
		same(t, got, want)
	}},
	{"a set of another epoch is ErrVersion", func(t *testing.T, s store.Store) {
		ok(t, s.SaveKeySet(ctx, keySet(1)))
		other := keySet(2)
		other.Epoch = "epoch-2"
		says(t, s.SaveKeySet(ctx, other), store.ErrVersion)
	}},
	{"an epoch is replaced by who names it, once", func(t *testing.T, s store.Store) {
		ok(t, s.SaveKeySet(ctx, keySet(1)))
		other := keySet(2)
		other.Epoch, other.Replaces = "epoch-2", "epoch-0"
		says(t, s.SaveKeySet(ctx, other), store.ErrVersion)
		other.Replaces = "epoch-1"
		ok(t, s.SaveKeySet(ctx, other))
		says(t, s.SaveKeySet(ctx, other), store.ErrVersion)
		got, err := s.GetKeySet(ctx)
		ok(t, err)
		other.Replaces = ""
		same(t, got, other)
	}},
	{"row 409: of 32 racing saves one wins, and the others read what it made", func(t *testing.T, s store.Store) {
		for version := int64(1); version <= 3; version++ {
			winner := oneWins(t, race(func(i int) error {
				ks := keySet(version)
				ks.Keys[0].KID = fmt.Sprint(i)
				return s.SaveKeySet(ctx, ks)
			}), store.ErrVersion)
			got, err := s.GetKeySet(ctx)
			ok(t, err)
			same(t, got.Keys[0].KID, fmt.Sprint(winner))
			same(t, got.Version, version)
		}
	}},
}
