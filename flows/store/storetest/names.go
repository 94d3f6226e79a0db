package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// awkward ids: whatever stands between names in keys, and whatever a protocol or a shell would
// stumble over. No two of them may meet.
var awkward = []string{
	"a", "a:b", "a:b:c", "b", "b:c", "c", ":", "::", "{a}", "{}", "a{b}c", "}", "{", "*", "?", "[a-z]",
	"a\r\nDEL x\r\n", "a\x00b", "a\x00", "a b", " ", "é", "e\u0301", "\u202e", strings.Repeat("x", 1<<17), strings.Repeat("x", 1<<17) + "y",
}

var names = []test{
	{"rows 383 and 384: no id meets another, and each keeps every byte", func(t *testing.T, s store.Store) {
		for i, id := range awkward {
			ok(t, s.CreateClient(ctx, client(id)))
			ok(t, s.CreateUser(ctx, user(oauth.SubjectPrefix+id, id)))
			_, err := s.TakeLease(ctx, id, fmt.Sprint(i), minute)
			ok(t, err)
		}
		for _, id := range awkward {
			c, err := s.GetClient(ctx, id)
			ok(t, err)
			same(t, c.ID == id, true)
			u, err := s.FindUser(ctx, id)
			ok(t, err)
			same(t, u.Subject == oauth.SubjectPrefix+id, true)
			ok(t, s.DeleteClient(ctx, id))
			ok(t, s.DeleteUser(ctx, u.Subject))
		}
	}},
	{"row 382: pairs of ids do not run together", func(t *testing.T, s store.Store) {
		pairs := 0
		for _, subject := range awkward[:20] {
			for _, clientID := range awkward[:20] {
				ok(t, s.AddConsent(ctx, consent(subject, clientID, fmt.Sprint(pairs)), time.Time{}))
				pairs++
			}
		}
		pairs = 0
		for _, subject := range awkward[:20] {
			for _, clientID := range awkward[:20] {
				c, err := s.GetConsent(ctx, subject, clientID)
				ok(t, err)
				same(t, c, &store.Consent{Subject: subject, ClientID: clientID, Scope: oauth.Scope{fmt.Sprint(pairs)}, GrantedAt: c.GrantedAt})
				pairs++
			}
		}
	}},
	{"a grant that was never made by us is a grant like any other", func(t *testing.T, s store.Store) {
		for i, id := range awkward {
			f := &store.Family{Grant: grant(), Current: hash("token 0"), ExpiresAt: now().Add(minute)}
			f.Grant.ID, f.Grant.Nonce = oauth.GrantID(id), fmt.Sprint(i)
			begin(t, s, f)
		}
		for i, id := range awkward {
			f, err := s.GetFamily(ctx, oauth.GrantID(id))
			ok(t, err)
			same(t, f.Grant.Nonce, fmt.Sprint(i))
			ok(t, s.RevokeGrant(ctx, oauth.GrantID(id), now().Add(minute)))
			if i+1 < len(awkward) {
				_, err = s.GetFamily(ctx, oauth.GrantID(awkward[i+1]))
				ok(t, err)
			}
		}
	}},
	{"revocations of awkward ids do not run together", func(t *testing.T, s store.Store) {
		refs := make([]store.TokenRef, len(awkward))
		for i, id := range awkward {
			refs[i] = store.TokenRef{ID: oauth.TokenID(id), SessionID: id, ClientID: id, Subject: id, IssuedAt: now()}
		}
		revoke := []func(id string) error{
			func(id string) error { return s.RevokeToken(ctx, oauth.TokenID(id), now().Add(minute)) },
			func(id string) error { return s.RevokeSession(ctx, id, now().Add(minute)) },
			func(id string) error { return s.RevokeClient(ctx, id, now(), now().Add(minute)) },
			func(id string) error { return s.RevokeSubject(ctx, id, now(), now().Add(minute)) },
		}
		for i, id := range awkward {
			ok(t, revoke[i%len(revoke)](id))
			for j, err := range s.CheckRevoked(ctx, refs) {
				if (j <= i) != (err == store.ErrRevoked) || j > i && err != nil {
					t.Fatalf("after %d revocations, id %d: %v", i+1, j, err)
				}
			}
		}
	}},
	{"a backend answers and has a name", func(t *testing.T, s store.Store) {
		_, err := s.Ping(ctx)
		ok(t, err)
		if s.Name() == "" {
			t.Error("no name")
		}
	}},
}
