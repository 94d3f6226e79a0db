package storetest

import (
	"fmt"
	"testing"
	"time"

	"tollgate/flows/store"
)

// putCode stores a code and returns it with the request that takes it.
func putCode(t *testing.T, s store.Store, life time.Duration) (*store.Code, *store.TakeCode) {
	t.Helper()
	c := &store.Code{
		Grant: grant(), RedirectURI: "https://app.example/cb",
		Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Refreshable: true, ExpiresAt: now().Add(life), Until: now().Add(2 * minute),
	}
	ok(t, s.PutCode(ctx, hash("code"), c))
	return c, &store.TakeCode{
		Grant: c.Grant.ID, Code: hash("code"), ClientID: c.Grant.ClientID, RedirectURI: c.RedirectURI,
		Challenge: c.Challenge, Now: now(), MaxMisses: 3, KeepSpent: minute,
		Refresh: hash("token 0"),
	}
}

// take asks for a code with one thing changed.
func take(s store.Store, t *store.TakeCode, change func(*store.TakeCode)) error {
	changed := *t
	change(&changed)
	_, err := s.TakeCode(ctx, &changed)
	return err
}

var codes = []test{
	{"a code is returned as it was stored", func(t *testing.T, s store.Store) {
		want, req := putCode(t, s, minute)
		got, err := s.TakeCode(ctx, req)
		ok(t, err)
		same(t, got, want)
	}},
	{"RFC 6749 4.1.2: a second use is ErrSpent, with the code", func(t *testing.T, s store.Store) {
		want, req := putCode(t, s, minute)
		_, err := s.TakeCode(ctx, req)
		ok(t, err)
		for range 2 {
			got, err := s.TakeCode(ctx, req)
			says(t, err, store.ErrSpent)
			same(t, got, want)
		}
	}},
	{"taking a code begins the family of its grant", func(t *testing.T, s store.Store) {
		c, req := putCode(t, s, minute)
		_, err := s.GetFamily(ctx, c.Grant.ID)
		says(t, err, store.ErrAbsent)
		_, err = s.TakeCode(ctx, req)
		ok(t, err)
		f, err := s.GetFamily(ctx, c.Grant.ID)
		ok(t, err)
		same(t, f, &store.Family{Grant: c.Grant, Current: req.Refresh, ExpiresAt: c.Until})
	}},
	{"a code that is not refreshable begins a family without a refresh token", func(t *testing.T, s store.Store) {
		c, req := putCode(t, s, minute)
		c.Refreshable = false
		ok(t, s.PutCode(ctx, hash("code"), c))
		got, err := s.TakeCode(ctx, req)
		ok(t, err)
		same(t, got, c)
		f, err := s.GetFamily(ctx, c.Grant.ID)
		ok(t, err)
		same(t, f, &store.Family{Grant: c.Grant, ExpiresAt: c.Until})
	}},
	{"a code that is refused begins no family", func(t *testing.T, s store.Store) {
		c, req := putCode(t, s, minute)
		for _, change := range []func(*store.TakeCode){
			func(r *store.TakeCode) { r.Code = hash("other") },
			func(r *store.TakeCode) { r.ClientID = "stranger" },
			func(r *store.TakeCode) { r.RedirectURI = "" },
			func(r *store.TakeCode) { r.Challenge = "wrong" },
			func(r *store.TakeCode) { r.Challenge = "wrong" },
			func(r *store.TakeCode) { r.Challenge = "wrong" }, // spends it
			func(*store.TakeCode) {},
		} {
			if take(s, req, change) == nil {
				t.Fatal("the code was given")
			}
			_, err := s.GetFamily(ctx, c.Grant.ID)
			says(t, err, store.ErrAbsent)
		}
	}},
	{"no such code is ErrAbsent", func(t *testing.T, s store.Store) {
		_, req := putCode(t, s, minute)
		says(t, take(s, req, func(r *store.TakeCode) { r.Code = hash("other") }), store.ErrAbsent)
		says(t, take(s, req, func(r *store.TakeCode) { r.Code = store.Hash{} }), store.ErrAbsent)
		says(t, take(s, req, func(r *store.TakeCode) { r.Grant = grantID() }), store.ErrAbsent)
		ok(t, take(s, req, func(*store.TakeCode) {}))
	}},
	{"a code is absent from its end on, by the caller's clock", func(t *testing.T, s store.Store) {
		c, req := putCode(t, s, minute)
		says(t, take(s, req, func(r *store.TakeCode) { r.Now = c.ExpiresAt }), store.ErrAbsent)
		ok(t, take(s, req, func(r *store.TakeCode) { r.Now = c.ExpiresAt.Add(-time.Millisecond) }))
	}},
	{"a code goes at its end", func(t *testing.T, s store.Store) {
		c, req := putCode(t, s, soon)
		goes(t, c.ExpiresAt, store.ErrAbsent, func() error {
			err := take(s, req, func(r *store.TakeCode) { r.ClientID = "stranger" })
			if err == store.ErrMismatch {
				return nil
			}
			return err
		})
	}},
	{"another client is ErrMismatch, and spends nothing however often it asks", func(t *testing.T, s store.Store) {
		_, req := putCode(t, s, minute)
		for range 10 {
			says(t, take(s, req, func(r *store.TakeCode) { r.ClientID, r.Challenge = "stranger", "" }), store.ErrMismatch)
		}
		ok(t, take(s, req, func(*store.TakeCode) {}))
		says(t, take(s, req, func(r *store.TakeCode) { r.ClientID = "stranger" }), store.ErrMismatch)
	}},
	{"another redirect URI is ErrMismatch, and does not count", func(t *testing.T, s store.Store) {
		_, req := putCode(t, s, minute)
		for range 10 {
			for _, uri := range []string{"", "https://app.example/cb/", "https://app.example/c"} {
				says(t, take(s, req, func(r *store.TakeCode) { r.RedirectURI = uri }), store.ErrMismatch)
			}
		}
		ok(t, take(s, req, func(*store.TakeCode) {}))
	}},
	{"wrong challenges are ErrMismatch, and spend nothing before the last allowed", func(t *testing.T, s store.Store) {
		_, req := putCode(t, s, minute)
		says(t, take(s, req, func(r *store.TakeCode) { r.Challenge = "" }), store.ErrMismatch)
		says(t, take(s, req, func(r *store.TakeCode) { r.Challenge += "=" }), store.ErrMismatch)
		ok(t, take(s, req, func(*store.TakeCode) {}))
	}},
	{"the last allowed wrong challenge spends the code", func(t *testing.T, s store.Store) {
		want, req := putCode(t, s, minute)
		for range req.MaxMisses {
			says(t, take(s, req, func(r *store.TakeCode) { r.Challenge = "wrong" }), store.ErrMismatch)
		}
		got, err := s.TakeCode(ctx, req)
		says(t, err, store.ErrSpent)
		same(t, got, want)
	}},
	{"a code stored again begins anew", func(t *testing.T, s store.Store) {
		c, req := putCode(t, s, minute)
		for range req.MaxMisses {
			says(t, take(s, req, func(r *store.TakeCode) { r.Challenge = "wrong" }), store.ErrMismatch)
		}
		ok(t, s.PutCode(ctx, hash("code"), c))
		says(t, take(s, req, func(r *store.TakeCode) { r.Challenge = "wrong" }), store.ErrMismatch)
		ok(t, take(s, req, func(*store.TakeCode) {}))
	}},
	{"a spent code is remembered past its end", func(t *testing.T, s store.Store) {
		c, req := putCode(t, s, soon)
		_, err := s.TakeCode(ctx, req)
		ok(t, err)
		time.Sleep(time.Until(c.ExpiresAt.Add(soon)))
		says(t, take(s, req, func(r *store.TakeCode) { r.Now = now() }), store.ErrSpent)
	}},
	{"a spent code is remembered no longer than asked", func(t *testing.T, s store.Store) {
		_, req := putCode(t, s, soon)
		req.Now, req.KeepSpent = now(), 2*soon
		end := req.Now.Add(req.KeepSpent)
		_, err := s.TakeCode(ctx, req)
		ok(t, err)
		goes(t, end, store.ErrAbsent, func() error {
			if _, err := s.TakeCode(ctx, req); err != store.ErrSpent {
				return err
			}
			return nil
		})
	}},
	{"of 32 racing callers one gets the code, and its refresh token is the family's", func(t *testing.T, s store.Store) {
		for range 8 {
			c, req := putCode(t, s, minute)
			winner := oneWins(t, race(func(i int) error {
				return take(s, req, func(r *store.TakeCode) { r.Refresh = hash(fmt.Sprint("by ", i)) })
			}), store.ErrSpent)
			f, err := s.GetFamily(ctx, c.Grant.ID)
			ok(t, err)
			same(t, f.Current, hash(fmt.Sprint("by ", winner)))
		}
	}},
	{"losers who end the grant end what the winner got", func(t *testing.T, s store.Store) {
		for range 8 {
			c, req := putCode(t, s, minute)
			oneWins(t, race(func(int) error {
				_, err := s.TakeCode(ctx, req)
				if err == store.ErrSpent {
					ok(t, s.RevokeGrant(ctx, c.Grant.ID, now().Add(minute)))
				}
				return err
			}), store.ErrSpent)
			_, err := s.GetFamily(ctx, c.Grant.ID)
			says(t, err, store.ErrEnded)
		}
	}},
	{"of 32 racing guesses no more than allowed are heard", func(t *testing.T, s store.Store) {
		_, req := putCode(t, s, minute)
		req.MaxMisses = racers
		for _, err := range race(func(int) error {
			return take(s, req, func(r *store.TakeCode) { r.Challenge = "wrong" })
		}) {
			says(t, err, store.ErrMismatch)
		}
		says(t, take(s, req, func(*store.TakeCode) {}), store.ErrSpent)
	}},
	{"ending the grant ends the code that waits", func(t *testing.T, s store.Store) {
		c, req := putCode(t, s, minute)
		ok(t, s.RevokeGrant(ctx, c.Grant.ID, now().Add(minute)))
		_, err := s.TakeCode(ctx, req)
		says(t, err, store.ErrAbsent)
	}},
	{"ending the grant first keeps a later code from being taken", func(t *testing.T, s store.Store) {
		c, req := putCode(t, s, minute)
		ok(t, s.RevokeGrant(ctx, c.Grant.ID, now().Add(minute)))
		ok(t, s.PutCode(ctx, hash("code"), c))
		_, err := s.TakeCode(ctx, req)
		says(t, err, store.ErrAbsent)
	}},
	{"ending the grant leaves a spent code spent", func(t *testing.T, s store.Store) {
		c, req := putCode(t, s, minute)
		_, err := s.TakeCode(ctx, req)
		ok(t, err)
		ok(t, s.RevokeGrant(ctx, c.Grant.ID, now().Add(minute)))
		_, err = s.TakeCode(ctx, req)
		says(t, err, store.ErrSpent)
	}},
}
