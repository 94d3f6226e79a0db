package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"tollgate/flows/oauth"
)

// vector is a public JWK with its thumbprint, as an RFC prints them.
type vector struct {
	Source     string
	JWK        struct{ Kty, N, E, X string }
	Thumbprint string
}

func TestThumbprint_IsWhatTheRFCsPrint(t *testing.T) {
	for _, file := range []string{"testdata/rfc7638/3.1.json", "testdata/rfc8037/a3.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		t.Run(v.Source, func(t *testing.T) {
			members, err := jwkMembers(v.public(t))
			if err != nil {
				t.Fatal(err)
			}
			if got := thumbprint(members); got != v.Thumbprint {
				t.Errorf("thumbprint %s, want %s", got, v.Thumbprint)
			}
		})
	}
}

func (v *vector) public(t *testing.T) crypto.PublicKey {
	decode := func(s string) []byte {
		raw, err := b64.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	if v.JWK.Kty == "RSA" {
		e := new(big.Int).SetBytes(decode(v.JWK.E))
		return &rsa.PublicKey{N: new(big.Int).SetBytes(decode(v.JWK.N)), E: int(e.Int64())}
	}
	return ed25519.PublicKey(decode(v.JWK.X))
}

func TestJWKS_ShowsPublicMembersOnly(t *testing.T) {
	var published []*Key
	for _, alg := range oauth.Algs() {
		published = append(published, testKey(t, alg))
	}
	doc, _ := jwks(published)
	var parsed struct{ Keys []map[string]string }
	if err := json.Unmarshal(doc, &parsed); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}

	t.Run("row 311: no private and no symmetric member", func(t *testing.T) {
		public := map[string]bool{"kty": true, "use": true, "alg": true, "kid": true, "n": true, "e": true, "crv": true, "x": true, "y": true}
		for _, k := range parsed.Keys {
			for name := range k {
				if !public[name] {
					t.Errorf("%s key has a member %q", k["alg"], name)
				}
			}
		}
	})
	t.Run("row 312: kid is unique, alg and use are there", func(t *testing.T) {
		seen := map[string]bool{}
		for i, k := range parsed.Keys {
			if seen[k["kid"]] || k["kid"] != published[i].KID {
				t.Errorf("kid %q is repeated or wrong", k["kid"])
			}
			seen[k["kid"]] = true
			if k["alg"] != string(published[i].Alg) || k["use"] != "sig" {
				t.Errorf("alg %q, use %q for %s", k["alg"], k["use"], published[i].Alg)
			}
		}
		if len(seen) != len(oauth.Algs()) {
			t.Errorf("%d keys, want %d", len(seen), len(oauth.Algs()))
		}
	})
}

func TestJWKS_TagFollowsTheDocument(t *testing.T) {
	a, b := testKey(t, oauth.EdDSA), testKey(t, oauth.ES256)
	_, one := jwks([]*Key{a})
	_, same := jwks([]*Key{a})
	_, two := jwks([]*Key{a, b})
	if one != same || one == two || len(one) < 3 || one[0] != '"' || one[len(one)-1] != '"' {
		t.Errorf("tags %s, %s, %s", one, same, two)
	}
}

// testKey makes a key; RSA once per test binary, because it is slow.
func testKey(t testing.TB, alg oauth.Alg) *Key {
	t.Helper()
	if alg == oauth.RS256 {
		return testRSA()
	}
	k, err := Generate(alg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
