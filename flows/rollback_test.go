package flows

import (
	"testing"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

func TestEnding_ANewLifeOfTheDataEndsWhatTheOldOneGave(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	a := w.tokens(b)
	code := w.walk(b, request()).Get("code")
	ks := must(w.broken.GetKeySet(t.Context()))(t)
	ks.Version, ks.Epoch, ks.Replaces = ks.Version+1, store.LaterEpoch("another"), ks.Epoch
	if err := w.broken.SaveKeySet(t.Context(), ks); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*TokenRequest{refresh(a.RefreshToken), redeem(code)} {
		_, err := w.Token(t.Context(), r)
		wantCode(t, err, oauth.CodeInvalidGrant)
	}
	w.wantActive(false, a.RefreshToken)
	if name := must(w.SignedIn(t.Context(), b.session))(t); name != "" {
		t.Errorf("%s is still signed in", name)
	}
	again := w.tokens(w.newBrowser())
	w.wantActive(true, again.AccessToken, again.RefreshToken)
	if list, _, err := w.ListGrants(t.Context(), DemoUser, "", "", 10); err != nil || len(list) != 1 {
		t.Errorf("%d grants, %v", len(list), err)
	}
}

func TestEnding_WhatNamesNoEpochIsOfTheFirstLife(t *testing.T) {
	later := store.LaterEpoch("b")
	for _, c := range []struct {
		stored, named string
		want          bool
	}{{"a", "a", true}, {"a", "b", false}, {"a", "", true}, {later, later, true}, {later, "a", false}, {later, "", false}} {
		if got := store.SameLife(c.stored, c.named); got != c.want {
			t.Errorf("%q in the life %q: %v", c.named, c.stored, got)
		}
	}
}
