package storetest

import (
	"fmt"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

func interaction(expires time.Time) *store.Interaction {
	return &store.Interaction{
		Browser: hash("browser"), ClientID: "app", RedirectURI: "https://app.example/cb", RedirectGiven: true,
		ResponseMode: "form_post", State: "\"<&>\u2028", Scope: oauth.Scope{"openid"}, Nonce: "n",
		Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Prompt: []string{"login", "consent"},
		LoginHint: "alice", Subject: "usr_1", LoginAfter: now(), CreatedAt: now(), ExpiresAt: expires,
	}
}

var interactions = []test{
	{"an interaction is returned as it was stored", func(t *testing.T, s store.Store) {
		want := interaction(now().Add(minute))
		ok(t, s.PutInteraction(ctx, hash("handle"), want))
		got, err := s.GetInteraction(ctx, hash("handle"))
		ok(t, err)
		same(t, got, want)
	}},
	{"no interaction is ErrAbsent", func(t *testing.T, s store.Store) {
		_, err := s.GetInteraction(ctx, hash("handle"))
		says(t, err, store.ErrAbsent)
		_, err = s.FinishInteraction(ctx, hash("handle"), []byte("outcome"))
		says(t, err, store.ErrAbsent)
		_, err = s.GetOutcome(ctx, hash("handle"))
		says(t, err, store.ErrAbsent)
	}},
	{"there is no outcome before it is finished", func(t *testing.T, s store.Store) {
		ok(t, s.PutInteraction(ctx, hash("handle"), interaction(now().Add(minute))))
		_, err := s.GetOutcome(ctx, hash("handle"))
		says(t, err, store.ErrAbsent)
	}},
	{"the first outcome is the only one, and the interaction stays", func(t *testing.T, s store.Store) {
		want := interaction(now().Add(minute))
		ok(t, s.PutInteraction(ctx, hash("handle"), want))
		for _, outcome := range []string{"first\x00\xff", "second", ""} {
			got, err := s.FinishInteraction(ctx, hash("handle"), []byte(outcome))
			ok(t, err)
			same(t, string(got), "first\x00\xff")
		}
		got, err := s.GetOutcome(ctx, hash("handle"))
		ok(t, err)
		same(t, string(got), "first\x00\xff")
		i, err := s.GetInteraction(ctx, hash("handle"))
		ok(t, err)
		same(t, i, want)
	}},
	{"an interaction stored again keeps its outcome", func(t *testing.T, s store.Store) {
		ok(t, s.PutInteraction(ctx, hash("handle"), interaction(now().Add(minute))))
		_, err := s.FinishInteraction(ctx, hash("handle"), []byte("first"))
		ok(t, err)
		ok(t, s.PutInteraction(ctx, hash("handle"), interaction(now().Add(2*minute))))
		got, err := s.FinishInteraction(ctx, hash("handle"), []byte("second"))
		ok(t, err)
		same(t, string(got), "first")
	}},
	{"row 359: 32 racing callers see one outcome", func(t *testing.T, s store.Store) {
		ok(t, s.PutInteraction(ctx, hash("handle"), interaction(now().Add(minute))))
		got := make([]string, racers)
		for _, err := range race(func(i int) error {
			outcome, err := s.FinishInteraction(ctx, hash("handle"), fmt.Append(nil, "outcome ", i))
			got[i] = string(outcome)
			return err
		}) {
			ok(t, err)
		}
		recorded, err := s.GetOutcome(ctx, hash("handle"))
		ok(t, err)
		for _, outcome := range got {
			same(t, outcome, string(recorded))
		}
	}},
	{"an interaction goes at its end, outcome and all", func(t *testing.T, s store.Store) {
		end := now().Add(soon)
		ok(t, s.PutInteraction(ctx, hash("handle"), interaction(end)))
		_, err := s.FinishInteraction(ctx, hash("handle"), []byte("outcome"))
		ok(t, err)
		for _, ask := range []func() error{
			func() error { _, err := s.GetInteraction(ctx, hash("handle")); return err },
			func() error { _, err := s.GetOutcome(ctx, hash("handle")); return err },
			func() error { _, err := s.FinishInteraction(ctx, hash("handle"), []byte("late")); return err },
		} {
			goes(t, end, store.ErrAbsent, ask)
		}
	}},
}
