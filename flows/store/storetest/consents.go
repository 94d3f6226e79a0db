package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

func consent(subject, clientID string, scope ...string) *store.Consent {
	return &store.Consent{Subject: subject, ClientID: clientID, Scope: scope, GrantedAt: now()}
}

var consents = []test{
	{"a consent is returned as it was stored", func(t *testing.T, s store.Store) {
		want := consent("usr_1", "app", "openid", "a[b%d.*]")
		ok(t, s.AddConsent(ctx, want, time.Time{}))
		got, err := s.GetConsent(ctx, "usr_1", "app")
		ok(t, err)
		same(t, got, want)
	}},
	{"no consent is ErrAbsent", func(t *testing.T, s store.Store) {
		ok(t, s.AddConsent(ctx, consent("usr_1", "app", "openid"), time.Time{}))
		for _, of := range [][2]string{{"usr_1", "other"}, {"usr_2", "app"}, {"app", "usr_1"}} {
			_, err := s.GetConsent(ctx, of[0], of[1])
			says(t, err, store.ErrAbsent)
		}
	}},
	{"an addition widens, in the order scopes were first named", func(t *testing.T, s store.Store) {
		first := consent("usr_1", "app", "openid", "b")
		ok(t, s.AddConsent(ctx, first, time.Time{}))
		second := consent("usr_1", "app", "b", "open", "a")
		second.GrantedAt = first.GrantedAt.Add(minute)
		ok(t, s.AddConsent(ctx, second, time.Time{}))
		ok(t, s.AddConsent(ctx, first, time.Time{}))
		got, err := s.GetConsent(ctx, "usr_1", "app")
		ok(t, err)
		same(t, got.Scope, oauth.Scope{"openid", "b", "open", "a"})
		same(t, got.GrantedAt, second.GrantedAt)
	}},
	{"an addition replaces what is from before there was this client", func(t *testing.T, s store.Store) {
		old, since := consent("usr_1", "app", "openid", "b"), now().Add(minute)
		ok(t, s.AddConsent(ctx, old, time.Time{}))
		next := consent("usr_1", "app", "a")
		for _, next.GrantedAt = range []time.Time{since, since.Add(minute)} {
			ok(t, s.AddConsent(ctx, next, since))
			got, err := s.GetConsent(ctx, "usr_1", "app")
			ok(t, err)
			same(t, got, next)
		}
	}},
	{"32 racing additions are all kept", func(t *testing.T, s store.Store) {
		var want oauth.Scope
		for i := range racers {
			want = append(want, fmt.Sprintf("s%02d", i))
		}
		for _, err := range race(func(i int) error {
			return s.AddConsent(ctx, consent("usr_1", "app", want[i]), time.Time{})
		}) {
			ok(t, err)
		}
		got, err := s.GetConsent(ctx, "usr_1", "app")
		ok(t, err)
		slices.Sort(got.Scope)
		same(t, got.Scope, want)
	}},
	{"a deleted consent is gone; one that is not there is no error", func(t *testing.T, s store.Store) {
		ok(t, s.AddConsent(ctx, consent("usr_1", "app", "openid"), time.Time{}))
		ok(t, s.DeleteConsent(ctx, "usr_1", "app"))
		_, err := s.GetConsent(ctx, "usr_1", "app")
		says(t, err, store.ErrAbsent)
		ok(t, s.DeleteConsent(ctx, "usr_1", "app"))
	}},
}
