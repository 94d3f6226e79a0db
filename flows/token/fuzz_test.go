package token

import (
	"testing"

	"tollgate/flows/oauth"
)

// FuzzVerifyAccess looks for a token, or a payload under a good signature, that we accept and
// golang-jwt with every strict option refuses, or in which the two read different claims.
func FuzzVerifyAccess(f *testing.F) {
	fix := newFixture(f)
	for _, alg := range oauth.Algs() {
		tok := fix.mint(f, alg, good())
		f.Add([]byte(tok), []byte(claimsOf(f, tok)))
	}
	for _, file := range []string{"testdata/rfc7515/a2.json", "testdata/rfc7515/a3.json", "testdata/rfc8037/a4.json"} {
		v := readVector(f, file)
		f.Add([]byte(v.Input+"."+v.Signature), []byte(claimsOf(f, v.Input)))
	}
	f.Add([]byte("a.b.c"), []byte(`{"iss":"https://issuer.example","exp":1,"exp":2,"ſub":"x","aud":[""]}`))

	f.Fuzz(func(t *testing.T, tok, payload []byte) {
		// EdDSA, because it is not randomised: the fuzzer wants the same way for the same input.
		signed := fix.forge(t, oauth.EdDSA, fix.set.Active(oauth.EdDSA).AccessHeader, string(payload))
		for _, tok := range []string{string(tok), signed} {
			got, err := fix.v.Access([]byte(tok))
			if err != nil {
				continue
			}
			checkOracle(t, fix, tok, got)
			if err := checkAccess(got); err != nil || got.Issuer != testIssuer || got.Expires <= testNow.Unix()-5 {
				t.Errorf("accepted %+v: %v", *got, err)
			}
		}
	})
}

// Two handles that were made with the MAC key of FuzzHandles; no others exist.
const (
	madeCode    = "tgc_0KFQhWrxxBrAN0JsMPIwxxJAGrnKaEKMWbYTuUvyBX1Cvf6kx-K7dcmn9UUGXBFpVAWw3dCc6KT5ohhM"
	madeRefresh = "tgr_RWpnOrwPn6RsGNybD4n8-lGf2xs8KnPgu5Vsf5oj3AZUgQaPPB3X7v9RPMlsR7EItB6PUqSEWbpZTZFS"
)

// FuzzHandles looks for a handle that is accepted without having been made, and for a token id
// with two spellings.
func FuzzHandles(f *testing.F) {
	h := NewHandles([]byte("mac key"))
	f.Add(madeCode)
	f.Add(madeRefresh)
	f.Add("tgc_")
	f.Add("cmFuZG9tIGdyYW50IGlkAAABmn8bD6YAAQIDBAUGBwg")
	f.Fuzz(func(t *testing.T, s string) {
		if _, _, ok := h.Parse(Code, s); ok != (s == madeCode) {
			t.Errorf("%q as a code: %v", s, ok)
		}
		if _, _, ok := h.Parse(Refresh, s); ok != (s == madeRefresh) {
			t.Errorf("%q as a refresh token: %v", s, ok)
		}
		if g, issued, ok := ParseTokenID(oauth.TokenID(s)); ok {
			again := string(NewTokenID(g, issued))
			if again[:29] != s[:29] { // 22 bytes: the grant and the moment, less the last two bits
				t.Errorf("%q names %s and %v, which make %q", s, g, issued, again)
			}
		}
	})
}
