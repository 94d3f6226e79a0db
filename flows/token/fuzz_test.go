package token

import (
	"strings"
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

// FuzzHeader puts any header over claims that nothing is wrong with, under a good signature: only the
// one that we write is taken, for the one purpose that it is for.
func FuzzHeader(f *testing.F) {
	fix := newFixture(f)
	active := fix.set.Active(oauth.EdDSA)
	for _, header := range []string{
		string(octets(f, string(active.AccessHeader))), string(octets(f, string(active.IDHeader))),
		`{"alg":"none","typ":"at+jwt"}`, `{"alg":"nOnE"}`, `{"alg":"HS256","typ":"at+jwt"}`, `{"alg":["EdDSA"]}`, `{}`, `null`, `[]`, // rows 276, 277
		`{"alg":"RS256","kid":"` + active.KID + `","typ":"at+jwt"}`, `{"alg":"EdDSA","kid":"../../dev/null","typ":"at+jwt"}`, // rows 278, 283
		`{"alg":"EdDSA","kid":"` + active.KID + `","typ":"at+jwt","jku":"https://evil.example"}`,              // row 281
		`{"alg":"EdDSA","kid":"` + active.KID + `","typ":"at+jwt","crit":["b64"],"b64":false}`,                // rows 286, 287
		`{"alg":"none","alg":"EdDSA","kid":"` + active.KID + `","typ":"at+jwt"}`, strings.Repeat("[", 20_000), // rows 293, 292
	} {
		f.Add([]byte(header), false)
		f.Add([]byte(b64.EncodeToString([]byte(header))), true)
	}
	access, err := MintAccess(active, good())
	if err != nil {
		f.Fatal(err)
	}
	payload := claimsOf(f, access)
	f.Fuzz(func(t *testing.T, header []byte, raw bool) {
		segment := string(header)
		if !raw {
			segment = b64.EncodeToString(header)
		}
		tok := fix.forge(t, oauth.EdDSA, segment, payload)
		got, err := fix.v.Access([]byte(tok))
		if (err == nil) != (segment == string(active.AccessHeader)) {
			t.Errorf("an access token under %q: %v", segment, err)
		}
		if err == nil {
			checkOracle(t, fix, tok, got)
		}
		if _, err := fix.v.IDHint([]byte(tok)); err == nil && segment != string(active.IDHeader) {
			t.Errorf("an id_token under %q", segment)
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
