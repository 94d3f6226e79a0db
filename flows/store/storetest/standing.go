package storetest

import (
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// stand is what GetStanding says of a grant, at once and afresh; both must be the same here.
func stand(t *testing.T, s store.Store, g *oauth.Grant) *store.Standing {
	t.Helper()
	got, err := s.GetStanding(ctx, g)
	ok(t, err)
	again, err := s.GetStanding(store.Fresh(ctx), g)
	ok(t, err)
	same(t, got, again)
	return got
}

var standing = []test{
	{"of what is not there, nothing is said", func(t *testing.T, s store.Store) {
		g := grant()
		same(t, stand(t, s, &g), &store.Standing{})
	}},
	{"client, user and consent are those of the grant, as they were last written", func(t *testing.T, s store.Store) {
		g := grant()
		stand(t, s, &g)
		ok(t, s.CreateClient(ctx, &oauth.Client{ID: g.ClientID, Generation: "c1"}))
		ok(t, s.CreateUser(ctx, &oauth.User{Subject: g.Subject, Username: "alice", Generation: "u1"}))
		ok(t, s.AddConsent(ctx, &store.Consent{Subject: g.Subject, ClientID: g.ClientID, Scope: g.Scope, GrantedAt: now()}, time.Time{}))
		got := stand(t, s, &g)
		same(t, got.Client.Generation+got.User.Generation, "c1u1")
		same(t, got.Consent.Scope, g.Scope)

		ok(t, s.UpdateClient(ctx, &oauth.Client{ID: g.ClientID, Version: 1, Generation: "c2"}))
		ok(t, s.UpdateUser(ctx, &oauth.User{Subject: g.Subject, Username: "alice", Version: 1, Generation: "u2"}))
		ok(t, s.AddConsent(ctx, &store.Consent{Subject: g.Subject, ClientID: g.ClientID, Scope: oauth.Scope{"more"}, GrantedAt: now()}, time.Time{}))
		got = stand(t, s, &g)
		same(t, got.Client.Generation+got.User.Generation, "c2u2")
		same(t, len(got.Consent.Scope), len(g.Scope)+1)

		ok(t, s.DeleteClient(ctx, g.ClientID))
		ok(t, s.DeleteUser(ctx, g.Subject))
		ok(t, s.DeleteConsent(ctx, g.Subject, g.ClientID))
		same(t, stand(t, s, &g), &store.Standing{})
	}},
	{"the epoch is the stored one", func(t *testing.T, s store.Store) {
		g := grant()
		ok(t, s.SaveKeySet(ctx, keySet(1)))
		same(t, stand(t, s, &g).Epoch, "epoch-1")
	}},
	{"a session that was ended revokes, and no other", func(t *testing.T, s store.Store) {
		g := grant()
		g.SessionID = "sid-1"
		ok(t, s.RevokeSession(ctx, "sid-2", now().Add(minute)))
		same(t, stand(t, s, &g).Revoked, false)
		ok(t, s.RevokeSession(ctx, "sid-1", now().Add(minute)))
		same(t, stand(t, s, &g).Revoked, true)
		g.SessionID = ""
		same(t, stand(t, s, &g).Revoked, false)
	}},
	{"a client's cut-off reaches the grant by its age, a subject's by the login's", func(t *testing.T, s store.Store) {
		at := now()
		old, late := at.Add(-time.Millisecond), at.Add(time.Millisecond)
		g := grant()
		g.CreatedAt, g.AuthTime = late, late
		ok(t, s.RevokeClient(ctx, g.ClientID, at, at.Add(minute)))
		ok(t, s.RevokeSubject(ctx, g.Subject, at, at.Add(minute)))
		same(t, stand(t, s, &g).Revoked, false)
		g.CreatedAt, g.AuthTime = old, late
		same(t, stand(t, s, &g).Revoked, true)
		g.CreatedAt, g.AuthTime = late, old
		same(t, stand(t, s, &g).Revoked, true)
	}},
}
