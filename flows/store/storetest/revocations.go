package storetest

import (
	"context"
	"testing"
	"time"

	"tollgate/flows/store"
)

// ref is a token of a login, with everything to ask about.
func ref() store.TokenRef {
	g := grantID()
	return store.TokenRef{
		ID: tokenID(g), Grant: g, ClientID: "app", Subject: "usr_1", SessionID: "sid-1", IssuedAt: now(),
	}
}

func check(s store.Store, ref store.TokenRef) error {
	return s.CheckRevoked(ctx, []store.TokenRef{ref})[0]
}

var revocations = []test{
	{"what nobody ended is not revoked", func(t *testing.T, s store.Store) {
		ok(t, check(s, ref()))
		ok(t, check(s, store.TokenRef{}))
		same(t, len(s.CheckRevoked(ctx, nil)), 0)
	}},
	{"a token, and no other of its grant, until its own end", func(t *testing.T, s store.Store) {
		r, end := ref(), now().Add(soon)
		ok(t, s.RevokeToken(ctx, r.ID, end))
		other := r
		other.ID = tokenID(r.Grant)
		ok(t, check(s, other))
		says(t, check(s, r), store.ErrRevoked)
		untilForgotten(t, s, r, end)
	}},
	{"a grant, with every token of it", func(t *testing.T, s store.Store) {
		r := ref()
		ok(t, s.RevokeGrant(ctx, r.Grant, now().Add(minute)))
		says(t, check(s, r), store.ErrRevoked)
		r.ID = tokenID(r.Grant)
		says(t, check(s, r), store.ErrRevoked)
		ok(t, check(s, ref()))
	}},
	{"a session, with what was issued in it", func(t *testing.T, s store.Store) {
		r, end := ref(), now().Add(soon)
		ok(t, s.RevokeSession(ctx, r.SessionID, end))
		says(t, check(s, r), store.ErrRevoked)
		other := ref()
		other.SessionID = "sid-2"
		ok(t, check(s, other))
		other.SessionID = ""
		ok(t, check(s, other))
		untilForgotten(t, s, r, end)
	}},
	{"a client and a subject, with what was issued at or before the moment", func(t *testing.T, s store.Store) {
		for name, revoke := range cutOffs(s) {
			r, at := ref(), now()
			ok(t, revoke(at, now().Add(minute)))
			for shift, want := range map[time.Duration]error{
				-time.Hour: store.ErrRevoked, -time.Millisecond: store.ErrRevoked, 0: store.ErrRevoked,
				time.Millisecond: nil, time.Hour: nil,
			} {
				asked := store.TokenRef{ID: r.ID, IssuedAt: at.Add(shift)}
				if name == "client" {
					asked.ClientID = "app"
				} else {
					asked.Subject = "usr_1"
				}
				if err := check(s, asked); err != want {
					t.Fatalf("%s cut off %v after issue: %v, want %v", name, -shift, err, want)
				}
			}
		}
	}},
	{"the cut-off of a client and of a subject is told", func(t *testing.T, s store.Store) {
		told := map[string]func(context.Context, string) (time.Time, error){"client": s.ClientCutOff, "subject": s.SubjectCutOff}
		id := map[string]string{"client": "app", "subject": "usr_1"}
		for name, revoke := range cutOffs(s) {
			tells := func(id string, want time.Time) {
				t.Helper()
				got, err := told[name](ctx, id)
				ok(t, err)
				if !got.Equal(want) {
					t.Errorf("%s: the cut-off of %s is %s, want %s", name, id, got, want)
				}
			}
			tells(id[name], time.Time{})
			at := now().Add(time.Hour)
			ok(t, revoke(at, now().Add(minute)))
			ok(t, revoke(at.Add(-time.Minute), now().Add(minute)))
			tells(id[name], at)
			tells("other", time.Time{})
		}
	}},
	{"cut-offs only grow, and so does how long they are known", func(t *testing.T, s store.Store) {
		for _, revoke := range cutOffs(s) {
			at := now()
			ok(t, revoke(at, at.Add(minute)))
			ok(t, revoke(at.Add(-time.Minute), at.Add(2*minute)))
			ok(t, revoke(at.Add(-time.Minute), at.Add(soon)))
			r := ref()
			r.IssuedAt = at
			says(t, check(s, r), store.ErrRevoked)
			time.Sleep(time.Until(at.Add(2 * soon)))
			says(t, check(s, r), store.ErrRevoked)
			ok(t, revoke(at.Add(time.Hour), at.Add(minute)))
			r.IssuedAt = at.Add(time.Hour)
			says(t, check(s, r), store.ErrRevoked)
		}
	}},
	{"no later call shortens a revocation", func(t *testing.T, s store.Store) {
		r, long, short := ref(), now().Add(minute), now().Add(soon)
		byToken, byGrant, bySession := store.TokenRef{ID: r.ID}, store.TokenRef{Grant: r.Grant}, store.TokenRef{SessionID: r.SessionID}
		for _, until := range []time.Time{long, short, now().Add(-minute)} {
			ok(t, s.RevokeToken(ctx, r.ID, until))
			ok(t, s.RevokeGrant(ctx, r.Grant, until))
			ok(t, s.RevokeSession(ctx, r.SessionID, until))
		}
		time.Sleep(time.Until(short.Add(soon)))
		for _, err := range s.CheckRevoked(ctx, []store.TokenRef{byToken, byGrant, bySession}) {
			says(t, err, store.ErrRevoked)
		}
	}},
	{"revoking what is over already is no error", func(t *testing.T, s store.Store) {
		r, past := ref(), now().Add(-minute)
		ok(t, s.RevokeToken(ctx, r.ID, past))
		ok(t, s.RevokeSession(ctx, r.SessionID, past))
		ok(t, s.RevokeClient(ctx, r.ClientID, now(), past))
		ok(t, s.RevokeSubject(ctx, r.Subject, now(), past))
		ok(t, check(s, r))
	}},
	{"one answer per reference, in order, and one id of different sorts is different", func(t *testing.T, s store.Store) {
		const id = "app"
		until := now().Add(minute)
		ok(t, s.RevokeSession(ctx, id, until))
		refs := []store.TokenRef{
			{ClientID: id}, {SessionID: id}, {Subject: id}, {}, {SessionID: id, Subject: id},
			{ID: id}, {Grant: id}, ref(),
		}
		answers := s.CheckRevoked(ctx, refs)
		same(t, len(answers), len(refs))
		for i, err := range answers {
			if revoked := refs[i].SessionID == id; revoked != (err == store.ErrRevoked) || !revoked && err != nil {
				t.Errorf("reference %d: %v", i, err)
			}
		}
	}},
	{"a hundred references are asked about at once", func(t *testing.T, s store.Store) {
		refs := make([]store.TokenRef, 100)
		for i := range refs {
			refs[i] = ref()
			if i%3 == 0 {
				ok(t, s.RevokeToken(ctx, refs[i].ID, now().Add(minute)))
			}
		}
		for i, err := range s.CheckRevoked(ctx, refs) {
			if (i%3 == 0) != (err == store.ErrRevoked) || i%3 != 0 && err != nil {
				t.Errorf("reference %d: %v", i, err)
			}
		}
	}},
	{"row 229: another epoch, or none, is ErrReset; no epoch asked is no question", func(t *testing.T, s store.Store) {
		r := ref()
		r.Epoch = "epoch-1"
		says(t, check(s, r), store.ErrReset)
		ok(t, s.SaveKeySet(ctx, keySet(1)))
		ok(t, check(s, r))
		r.Epoch = "epoch-2"
		says(t, check(s, r), store.ErrReset)
		r.Epoch = ""
		ok(t, check(s, r))
		ok(t, s.RevokeToken(ctx, r.ID, now().Add(minute)))
		r.Epoch = "epoch-2"
		says(t, check(s, r), store.ErrRevoked)
	}},
}

// untilForgotten checks that a revocation is known to the end, and not kept for ever.
func untilForgotten(t *testing.T, s store.Store, r store.TokenRef, end time.Time) {
	t.Helper()
	goes(t, end, store.ErrAbsent, func() error {
		switch err := check(s, r); err {
		case store.ErrRevoked:
			return nil
		case nil:
			return store.ErrAbsent
		default:
			return err
		}
	})
}

func cutOffs(s store.Store) map[string]func(at, until time.Time) error {
	return map[string]func(at, until time.Time) error{
		"client":  func(at, until time.Time) error { return s.RevokeClient(ctx, "app", at, until) },
		"subject": func(at, until time.Time) error { return s.RevokeSubject(ctx, "usr_1", at, until) },
	}
}
