package flows

import (
	"context"
	"strings"
	"testing"

	"tollgate/flows/oauth"
)

func TestPasswords_MatchThemselvesAndNothingElse(t *testing.T) {
	p := NewPasswords(1)
	long := strings.Repeat("p", 100)
	hash := must(p.Hash(t.Context(), long))(t)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", hash)
	}
	check := func(hash, password string, want bool) {
		t.Helper()
		if got := must(p.Verify(t.Context(), hash, password))(t); got != want {
			t.Errorf("%q matches: %v", password[:min(9, len(password))], got)
		}
	}
	check(hash, long, true)
	check(hash, long[:72], false) // row 353: no silent truncation
	check(hash, long+"x", false)
	check("", "", false)
	check("", long, false)
	accent := must(p.Hash(t.Context(), "caf\u00e9-password"))(t)
	check(accent, "cafe\u0301-password", true) // row 353: NFD is the same password
	if other := must(p.Hash(t.Context(), long))(t); other == hash {
		t.Error("two hashes share a salt")
	}
}

func TestPasswords_RefusesWhatMustNotBeChosen(t *testing.T) {
	p := NewPasswords(1)
	for _, bad := range []string{"", "short", strings.Repeat("x", 1025), "nul\x00-password"} {
		_, err := p.Hash(t.Context(), bad)
		wantCode(t, err, oauth.CodeInvalidRequest)
	}
	for _, hash := range []string{"x", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", "$2b$12$abc"} {
		_, err := p.Verify(t.Context(), hash, "password")
		wantCode(t, err, oauth.CodeServerError)
	}
}

func TestPasswords_WaitEndsAsUnavailable(t *testing.T) {
	p := NewPasswords(1)
	p.turns.free <- struct{}{} // somebody is hashing, and never stops
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Verify(ctx, "", "password")
	wantCode(t, err, oauth.CodeTemporarilyUnavailable)
}
