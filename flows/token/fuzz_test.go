package token

import (
	"testing"

	"tollgate/flows/oauth"
)

// FuzzVerifyAccess looks for a token, or a payload under a good signature, that we accept and
// golang-jwt with every strict option refuses, or in which the two read different claims.
func FuzzVerifyAccess(f *testing.F) {
	fix := newFixture(f)
	for i, alg := range oauth.Algs() {
		tok := fix.mint(f, alg, good())
		f.Add([]byte(tok), []byte(claimsOf(f, tok)), byte(i))
	}
	for _, file := range []string{"testdata/rfc7515/a2.json", "testdata/rfc7515/a3.json", "testdata/rfc8037/a4.json"} {
		v := readVector(f, file)
		f.Add([]byte(v.Input+"."+v.Signature), []byte(claimsOf(f, v.Input)), byte(2))
	}
	f.Add([]byte("a.b.c"), []byte(`{"iss":"https://issuer.example","exp":1,"exp":2,"ſub":"x","aud":[""]}`), byte(1))

	f.Fuzz(func(t *testing.T, tok, payload []byte, which byte) {
		alg := oauth.Algs()[int(which)%len(oauth.Algs())]
		signed := fix.forge(t, alg, fix.set.Active(alg).AccessHeader, string(payload))
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

// FuzzHandles looks for a handle that is accepted without having been made.
func FuzzHandles(f *testing.F) {
	h := NewHandles([]byte("mac key"))
	made := map[string]bool{}
	for range 4 {
		for _, kind := range []Kind{Code, Refresh} {
			s := h.New(kind, NewGrantID())
			made[s] = true
			f.Add(s)
		}
	}
	f.Add("tgc_")
	f.Add(string(NewTokenID(NewGrantID(), testNow)))
	f.Fuzz(func(t *testing.T, s string) {
		_, _, code := h.Parse(Code, s)
		_, _, refresh := h.Parse(Refresh, s)
		if (code || refresh) != made[s] || code && refresh {
			t.Errorf("%q: code %v, refresh %v, made %v", s, code, refresh, made[s])
		}
		if g, issued, ok := ParseTokenID(oauth.TokenID(s)); ok {
			if again, _, _ := ParseTokenID(NewTokenID(g, issued)); again != g {
				t.Errorf("%q names the grant %s, which is not whole", s, g)
			}
		}
	})
}
