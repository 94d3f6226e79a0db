package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

var testRSA = sync.OnceValue(func() *Key {
	k, err := Generate(oauth.RS256)
	if err != nil {
		panic(err)
	}
	return k
})

func TestKey_BelongsToOneAlgorithm(t *testing.T) {
	must := func(s crypto.Signer, err error) crypto.Signer {
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	p256 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	for _, c := range []struct {
		name   string
		alg    oauth.Alg
		signer crypto.Signer
		good   bool
	}{
		{"RSA-2048 is RS256", oauth.RS256, testRSA().Signer, true},
		{"P-256 is ES256", oauth.ES256, p256, true},
		{"Ed25519 is EdDSA", oauth.EdDSA, ed, true},
		{"row 278: an EC key never signs RS256", oauth.RS256, p256, false},
		{"row 278: P-384 is not ES256", oauth.ES256, p384, false},
		{"row 278: Ed25519 is not ES256", oauth.ES256, ed, false},
		{"row 278: RSA is not EdDSA", oauth.EdDSA, testRSA().Signer, false},
		{"RSA below 2048 bits", oauth.RS256, small, false},
		{"an algorithm that does not exist", "PS256", testRSA().Signer, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := NewKey(c.alg, c.signer); (err == nil) != c.good {
				t.Errorf("good = %v, error %v", c.good, err)
			}
		})
	}
}

// Of ids drawn without a choice, one in 64 begins with a dash.
func TestGenerate_NoIDBeginsWithADash(t *testing.T) {
	for range 2000 {
		k, err := Generate(oauth.EdDSA)
		if err != nil || strings.HasPrefix(k.KID, "-") {
			t.Fatalf("%v, %v", k, err)
		}
	}
}

func TestKey_HeadersSayAlgKidAndType(t *testing.T) {
	for _, alg := range oauth.Algs() {
		k := testKey(t, alg)
		for segment, typ := range map[string]string{k.AccessHeader: "at+jwt", k.IDHeader: "JWT"} {
			raw, err := b64.DecodeString(segment)
			if err != nil {
				t.Fatal(err)
			}
			var h map[string]string
			if err := json.Unmarshal(raw, &h); err != nil {
				t.Fatalf("%v in %s", err, raw)
			}
			if len(h) != 3 || h["alg"] != string(alg) || h["kid"] != k.KID || h["typ"] != typ {
				t.Errorf("header %s", raw)
			}
		}
	}
}

func TestHeader_OnlyOurShapeIsWrittenByUs(t *testing.T) {
	for _, alg := range oauth.Algs() {
		k := testKey(t, alg)
		if !WrittenByUs([]byte(k.AccessHeader), true) || !WrittenByUs([]byte(k.IDHeader), false) {
			t.Errorf("%s: own headers are not recognised", alg)
		}
		if WrittenByUs([]byte(k.AccessHeader), false) || WrittenByUs([]byte(k.IDHeader), true) {
			t.Errorf("%s: the two types are confused", alg)
		}
	}
	kid := testRSA().KID
	for _, h := range []string{
		``, `{}`, `null`,
		`{"alg":"none","kid":"` + kid + `","typ":"at+jwt"}`,
		`{"alg":"HS256","kid":"` + kid + `","typ":"at+jwt"}`,
		`{"alg":"RS256","kid":"` + kid + `","typ":"JWT"}`,
		`{"alg":"RS256","kid":"` + kid + `","typ":"at+jwt"} `,
		`{"alg":"RS256","kid":"` + kid + `","typ":"at+jwt","crit":[]}`,
		`{"alg":"RS256", "kid":"` + kid + `","typ":"at+jwt"}`,
		`{"alg":"RS256","kid":"` + kid[1:] + `","typ":"at+jwt"}`,
		`{"alg":"RS256","kid":"` + kid[1:] + `/","typ":"at+jwt"}`,
		`{"alg":"RS256","kid":"` + strings.Repeat("k", 1000) + `","typ":"at+jwt"}`,
	} {
		if WrittenByUs([]byte(b64.EncodeToString([]byte(h))), true) {
			t.Errorf("taken for ours: %s", h)
		}
	}
	if WrittenByUs([]byte("!!!"), true) {
		t.Error("taken for ours: not base64")
	}
}

func TestKey_NeverPrintsItsPrivateHalf(t *testing.T) {
	k := testKey(t, oauth.EdDSA)
	private := fmt.Sprint([]byte(k.Signer.(ed25519.PrivateKey))[:8])
	private = strings.Trim(private, "[]")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if out := fmt.Sprintf(verb, k); strings.Contains(out, private) || !strings.Contains(out, k.KID) {
			t.Errorf("%s prints %s", verb, out)
		}
	}
}

func TestSealedKey_OpensOnlyAsItself(t *testing.T) {
	m := DevMaster()
	k, other := testKey(t, oauth.ES256), testKey(t, oauth.ES256)
	sealed, err := m.SealKey(k)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.OpenKey(&store.SigningKey{KID: k.KID, Alg: k.Alg, Sealed: sealed}); err != nil || got.KID != k.KID {
		t.Fatalf("got %v, %v", got, err)
	}
	cut := append([]byte(nil), sealed...)
	cut[len(cut)-1] ^= 1
	for name, r := range map[string]*store.SigningKey{
		"in another key's place":   {KID: other.KID, Alg: k.Alg, Sealed: sealed},
		"as another algorithm":     {KID: k.KID, Alg: oauth.EdDSA, Sealed: sealed},
		"with a bit flipped":       {KID: k.KID, Alg: k.Alg, Sealed: cut},
		"empty":                    {KID: k.KID, Alg: k.Alg},
		"with a thumbprint forged": {KID: other.KID, Alg: k.Alg, Sealed: m.Seal(mustOpen(t, m, sealed, k), sealedAs(other.KID, k.Alg))},
	} {
		if _, err := m.OpenKey(r); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func mustOpen(t *testing.T, m *Master, sealed []byte, k *Key) []byte {
	t.Helper()
	der, err := m.Open(sealed, sealedAs(k.KID, k.Alg))
	if err != nil {
		t.Fatal(err)
	}
	return der
}
