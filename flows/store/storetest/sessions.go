package storetest

import (
	"testing"
	"time"

	"tollgate/flows/store"
)

func session(expires time.Time) *store.Session {
	return &store.Session{ID: "sid-1", Subject: "usr_1", Username: "alice", AuthTime: now(), ExpiresAt: expires}
}

var sessions = []test{
	{"a session is returned as it was stored, to its own cookie only", func(t *testing.T, s store.Store) {
		want := session(now().Add(minute))
		ok(t, s.PutSession(ctx, hash("cookie"), want))
		got, err := s.GetSession(ctx, hash("cookie"))
		ok(t, err)
		same(t, got, want)
		_, err = s.GetSession(ctx, hash("other"))
		says(t, err, store.ErrAbsent)
		_, err = s.GetSession(ctx, store.Hash{})
		says(t, err, store.ErrAbsent)
	}},
	{"a session stored again replaces the first", func(t *testing.T, s store.Store) {
		ok(t, s.PutSession(ctx, hash("cookie"), session(now().Add(minute))))
		want := session(now().Add(2 * minute))
		want.Subject = "usr_2"
		ok(t, s.PutSession(ctx, hash("cookie"), want))
		got, err := s.GetSession(ctx, hash("cookie"))
		ok(t, err)
		same(t, got, want)
	}},
	{"a session goes at its end", func(t *testing.T, s store.Store) {
		end := now().Add(soon)
		ok(t, s.PutSession(ctx, hash("cookie"), session(end)))
		goes(t, end, store.ErrAbsent, func() error {
			_, err := s.GetSession(ctx, hash("cookie"))
			return err
		})
	}},
	{"a session that is over is not stored, and takes the place of one that was not", func(t *testing.T, s store.Store) {
		ok(t, s.PutSession(ctx, hash("cookie"), session(now().Add(minute))))
		ok(t, s.PutSession(ctx, hash("cookie"), session(now().Add(-minute))))
		_, err := s.GetSession(ctx, hash("cookie"))
		says(t, err, store.ErrAbsent)
	}},
	{"a deleted session is gone; one that is not there is no error", func(t *testing.T, s store.Store) {
		ok(t, s.PutSession(ctx, hash("cookie"), session(now().Add(minute))))
		ok(t, s.DeleteSession(ctx, hash("cookie")))
		_, err := s.GetSession(ctx, hash("cookie"))
		says(t, err, store.ErrAbsent)
		ok(t, s.DeleteSession(ctx, hash("cookie")))
	}},
}
