package storetest

import (
	"fmt"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

const window = 10 * time.Second

// newFamily stores a family whose refresh token is "token 0".
func newFamily(t *testing.T, s store.Store, life time.Duration) *store.Family {
	t.Helper()
	return begin(t, s, &store.Family{Grant: grant(), Current: hash("token 0"), ExpiresAt: now().Add(life)})
}

// begin makes the family the only way there is: a code is traded for it.
func begin(t *testing.T, s store.Store, f *store.Family) *store.Family {
	t.Helper()
	refreshable := f.Current != store.Hash{}
	ok(t, s.PutCode(ctx, hash("code"), &store.Code{Grant: f.Grant, Refreshable: refreshable, ExpiresAt: now().Add(minute), Until: f.ExpiresAt}))
	code, err := s.TakeCode(ctx, &store.TakeCode{
		Grant: f.Grant.ID, Code: hash("code"), ClientID: f.Grant.ClientID, Now: now(), MaxMisses: 1, KeepSpent: minute,
		Refresh: f.Current,
	})
	ok(t, err)
	ok(t, s.ListFamily(ctx, code))
	return f
}

// rotation presents "token n" and offers "token n+1".
func rotation(f *store.Family, n int) *store.Rotation {
	return &store.Rotation{
		Grant: f.Grant.ID, Presented: hash(fmt.Sprint("token ", n)), ClientID: f.Grant.ClientID,
		Successor: hash(fmt.Sprint("token ", n+1)), Sealed: fmt.Append(nil, "sealed\x00", n+1),
		Now: now(), Window: window, EndUntil: now().Add(minute),
	}
}

func rotate(s store.Store, r *store.Rotation) error {
	_, _, err := s.Rotate(ctx, r)
	return err
}

// isEnded checks that nothing of a grant is good any more.
func isEnded(t *testing.T, s store.Store, f *store.Family) {
	t.Helper()
	_, err := s.GetFamily(ctx, f.Grant.ID)
	says(t, err, store.ErrEnded)
	for n := range 4 {
		says(t, rotate(s, rotation(f, n)), store.ErrEnded)
	}
	says(t, s.CheckRevoked(ctx, []store.TokenRef{{Grant: f.Grant.ID}})[0], store.ErrRevoked)
}

var families = []test{
	{"a family is returned as it was stored", func(t *testing.T, s store.Store) {
		want := newFamily(t, s, minute)
		got, err := s.GetFamily(ctx, want.Grant.ID)
		ok(t, err)
		same(t, got, want)
	}},
	{"no family is ErrAbsent", func(t *testing.T, s store.Store) {
		f := &store.Family{Grant: grant()}
		_, err := s.GetFamily(ctx, f.Grant.ID)
		says(t, err, store.ErrAbsent)
		says(t, rotate(s, rotation(f, 0)), store.ErrAbsent)
	}},
	{"a grant that was ended has none, and says so", func(t *testing.T, s store.Store) {
		g := grant()
		ok(t, s.RevokeGrant(ctx, g.ID, now().Add(minute)))
		_, err := s.GetFamily(ctx, g.ID)
		says(t, err, store.ErrEnded)
	}},
	{"a family goes at its end, and rotation does not move it", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, soon)
		got, _, err := s.Rotate(ctx, rotation(f, 0))
		ok(t, err)
		same(t, got.ExpiresAt, f.ExpiresAt)
		goes(t, f.ExpiresAt, store.ErrAbsent, func() error {
			_, err := s.GetFamily(ctx, f.Grant.ID)
			return err
		})
		says(t, rotate(s, rotation(f, 1)), store.ErrAbsent)
	}},
	{"row 169: a family is absent from its end on, by the caller's clock", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		late := rotation(f, 0)
		late.Now = f.ExpiresAt
		says(t, rotate(s, late), store.ErrAbsent)
	}},
	{"the current token is replaced by its successor", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		for n := range 3 {
			r := rotation(f, n)
			got, sealed, err := s.Rotate(ctx, r)
			ok(t, err)
			same(t, sealed, r.Sealed)
			want := *f
			want.Current, want.RotatedAt = r.Successor, r.Now
			same(t, got, &want)
			stored, err := s.GetFamily(ctx, f.Grant.ID)
			ok(t, err)
			same(t, stored, &want)
		}
	}},
	{"row 172: a retry inside the window gets the identical successor", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		first := rotation(f, 0)
		_, sealed, err := s.Rotate(ctx, first)
		ok(t, err)
		for _, later := range []time.Duration{-time.Second, 0, time.Second, window} {
			retry := rotation(f, 0)
			retry.Successor, retry.Sealed, retry.Now = hash("another"), []byte("another"), first.Now.Add(later)
			got, again, err := s.Rotate(ctx, retry)
			ok(t, err)
			same(t, again, sealed)
			same(t, got.Current, first.Successor)
			same(t, got.RotatedAt, first.Now)
		}
		ok(t, rotate(s, rotation(f, 1)))
	}},
	{"row 173: a retry after the window ends the family", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		first := rotation(f, 0)
		ok(t, rotate(s, first))
		retry := rotation(f, 0)
		retry.Now = first.Now.Add(window + time.Millisecond)
		got, sealed, err := s.Rotate(ctx, retry)
		says(t, err, store.ErrReused)
		same(t, got.Grant, f.Grant)
		same(t, len(sealed), 0)
		isEnded(t, s, f)
	}},
	{"row 173: a retry after the successor was used ends the family", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		ok(t, rotate(s, rotation(f, 0)))
		ok(t, rotate(s, rotation(f, 1)))
		says(t, rotate(s, rotation(f, 0)), store.ErrReused)
		isEnded(t, s, f)
	}},
	{"row 163: the oldest of two rotations in one millisecond ends the family", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		at := now()
		for _, n := range []int{0, 1} {
			r := rotation(f, n)
			r.Now = at
			ok(t, rotate(s, r))
		}
		r := rotation(f, 0)
		r.Now = at
		says(t, rotate(s, r), store.ErrReused)
		isEnded(t, s, f)
	}},
	{"any other token of the family ends it", func(t *testing.T, s store.Store) {
		for _, presented := range []store.Hash{hash("unknown"), {}} {
			f := newFamily(t, s, minute)
			r := rotation(f, 0)
			r.Presented = presented
			got, _, err := s.Rotate(ctx, r)
			says(t, err, store.ErrReused)
			same(t, got.Grant, f.Grant)
			isEnded(t, s, f)
		}
	}},
	{"a family without a refresh token has none that is right", func(t *testing.T, s store.Store) {
		f := begin(t, s, &store.Family{Grant: grant(), ExpiresAt: now().Add(minute)})
		got, err := s.GetFamily(ctx, f.Grant.ID)
		ok(t, err)
		same(t, got, f)
		r := rotation(f, 0)
		r.Presented = store.Hash{}
		says(t, rotate(s, r), store.ErrReused)
	}},
	{"RFC 6749 6: more than was granted is ErrWider, and changes nothing", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		wider := append(oauth.Scope{"more"}, f.Grant.Scope...)
		for range 2 {
			r := rotation(f, 0)
			r.Scope = wider
			says(t, rotate(s, r), store.ErrWider)
		}
		narrower := rotation(f, 0)
		narrower.Scope = f.Grant.Scope[:1]
		ok(t, rotate(s, narrower))
		retry := rotation(f, 0)
		retry.Scope = wider
		says(t, rotate(s, retry), store.ErrWider)
		ok(t, rotate(s, rotation(f, 1)))
		reused := rotation(f, 0)
		reused.Scope = wider
		says(t, rotate(s, reused), store.ErrReused)
	}},
	{"another client is ErrMismatch, and ends nothing", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		ok(t, rotate(s, rotation(f, 0)))
		for _, n := range []int{0, 1, 2} { // the one before, the current one, none of them
			r := rotation(f, n)
			r.ClientID = "stranger"
			says(t, rotate(s, r), store.ErrMismatch)
		}
		ok(t, rotate(s, rotation(f, 1)))
		ok(t, s.RevokeGrant(ctx, f.Grant.ID, now().Add(minute)))
		r := rotation(f, 2)
		r.ClientID = "stranger"
		says(t, rotate(s, r), store.ErrMismatch)
	}},
	{"ending the grant ends the family; twice is no error", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		ok(t, rotate(s, rotation(f, 0)))
		ok(t, s.RevokeGrant(ctx, f.Grant.ID, now().Add(minute)))
		ok(t, s.RevokeGrant(ctx, f.Grant.ID, now().Add(minute)))
		isEnded(t, s, f)
	}},
	{"ending a family ends it as its grant, returns it, and may be repeated", func(t *testing.T, s store.Store) {
		for _, owner := range []string{"", grant().ClientID} {
			f := newFamily(t, s, minute)
			got, err := s.EndFamily(ctx, f.Grant.ID, owner, now().Add(minute))
			ok(t, err)
			same(t, got.Grant, f.Grant)
			isEnded(t, s, f)
			_, err = s.EndFamily(ctx, f.Grant.ID, owner, now().Add(minute))
			says(t, err, store.ErrEnded)
			isEnded(t, s, f)
		}
	}},
	{"RFC 7009 2.1: nobody ends a family of somebody else, or one that is not there", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		_, err := s.EndFamily(ctx, f.Grant.ID, "stranger", now().Add(minute))
		says(t, err, store.ErrMismatch)
		ok(t, rotate(s, rotation(f, 0)))
		_, err = s.EndFamily(ctx, grantID(), "", now().Add(minute))
		says(t, err, store.ErrAbsent)
	}},
	{"an ended family stays ended when its access tokens are over", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		end := now().Add(soon)
		ok(t, s.RevokeGrant(ctx, f.Grant.ID, end))
		time.Sleep(time.Until(end.Add(soon)))
		_, err := s.GetFamily(ctx, f.Grant.ID)
		says(t, err, store.ErrEnded)
		says(t, rotate(s, rotation(f, 0)), store.ErrEnded)
	}},
	{"row 162: 32 racing retries get one successor", func(t *testing.T, s store.Store) {
		for range 8 {
			f := newFamily(t, s, minute)
			successors := make([]string, racers)
			for _, err := range race(func(i int) error {
				r := rotation(f, 0)
				r.Successor, r.Sealed = hash(fmt.Sprint("by ", i)), fmt.Append(nil, "by ", i)
				_, sealed, err := s.Rotate(ctx, r)
				successors[i] = string(sealed)
				return err
			}) {
				ok(t, err)
			}
			stored, err := s.GetFamily(ctx, f.Grant.ID)
			ok(t, err)
			for _, successor := range successors {
				same(t, hash(successor), stored.Current)
			}
		}
	}},
	{"row 408: no rotation succeeds after the grant was ended", func(t *testing.T, s store.Store) {
		for range 8 {
			f := newFamily(t, s, minute)
			for i, err := range race(func(i int) error {
				if i == 0 {
					return s.RevokeGrant(ctx, f.Grant.ID, now().Add(minute))
				}
				return rotate(s, rotation(f, 0))
			}) {
				if i == 0 || err != store.ErrEnded {
					ok(t, err)
				}
			}
			isEnded(t, s, f)
		}
	}},
	{"row 408: of a code taken and a grant ended at once, the end stays", func(t *testing.T, s store.Store) {
		for range 8 {
			c, req := putCode(t, s, minute)
			race(func(i int) error {
				if i == 0 {
					return s.RevokeGrant(ctx, c.Grant.ID, now().Add(minute))
				}
				_, err := s.TakeCode(ctx, req)
				return err
			})
			_, err := s.GetFamily(ctx, c.Grant.ID)
			says(t, err, store.ErrEnded)
			if _, err := s.TakeCode(ctx, req); err != store.ErrAbsent {
				says(t, err, store.ErrSpent)
			}
		}
	}},
}
