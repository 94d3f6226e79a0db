package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
)

// vector is a signed example of an RFC with its private key.
type vector struct {
	Source    string
	Alg       oauth.Alg
	JWK       struct{ N, E, D, P, Q, X, Y string }
	Input     string // header.payload
	Signature string
}

func readVector(t testing.TB, file string) *vector {
	t.Helper()
	var v vector
	readJSON(t, file, &v)
	return &v
}

func readJSON(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func (v *vector) key(t testing.TB) *keys.Key {
	t.Helper()
	k, err := keys.NewKey(v.Alg, v.signer(t))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (v *vector) signer(t testing.TB) crypto.Signer {
	t.Helper()
	switch v.Alg {
	case oauth.RS256:
		k := &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: number(t, v.JWK.N), E: int(number(t, v.JWK.E).Int64())},
			D:         number(t, v.JWK.D),
			Primes:    []*big.Int{number(t, v.JWK.P), number(t, v.JWK.Q)},
		}
		k.Precompute()
		if err := k.Validate(); err != nil {
			t.Fatal(err)
		}
		return k
	case oauth.ES256:
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), octets(t, v.JWK.D))
		if err != nil {
			t.Fatal(err)
		}
		return k
	default:
		return ed25519.NewKeyFromSeed(octets(t, v.JWK.D))
	}
}

func octets(t testing.TB, s string) []byte {
	t.Helper()
	raw, err := b64.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func number(t testing.TB, s string) *big.Int { return new(big.Int).SetBytes(octets(t, s)) }

const testIssuer = "https://issuer.example"

var testNow = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

// fixture is a key set made of the RFCs' own keys, and a verifier of it at a fixed time.
type fixture struct {
	set *keys.Set
	v   *Verifier
}

// testSet puts the vectors' keys into a store and loads them from there.
func testSet(t testing.TB) *keys.Set {
	t.Helper()
	st := memstore.New(memstore.Options{})
	defer st.Close()
	ks := &store.KeySet{Epoch: "vectors", Version: 1}
	for _, file := range []string{"testdata/rfc7515/a2.json", "testdata/rfc7515/a3.json", "testdata/rfc8037/a4.json"} {
		k := readVector(t, file).key(t)
		sealed, err := keys.DevMaster().SealKey(k)
		if err != nil {
			t.Fatal(err)
		}
		ks.Keys = append(ks.Keys, store.SigningKey{KID: k.KID, Alg: k.Alg, Sealed: sealed, ActiveAt: testNow.Add(-time.Hour)})
	}
	m := keys.NewManager(keys.Config{Store: st, Master: keys.DevMaster(), Now: func() time.Time { return testNow }})
	if err := errors.Join(st.SaveKeySet(t.Context(), ks), m.Load(t.Context())); err != nil {
		t.Fatal(err)
	}
	return m.Snapshot()
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	set := testSet(t)
	return &fixture{set: set, v: &Verifier{
		Issuer:  testIssuer,
		Keys:    func() *keys.Set { return set },
		Now:     func() time.Time { return testNow },
		MaxLife: 24 * time.Hour,
	}}
}

// good returns claims that nothing is wrong with.
func good() *Access {
	return &Access{
		Issuer: testIssuer, Subject: "usr_alice", Audience: testIssuer + "/resources", ClientID: "demo-web",
		Scope: "openid orders:read", SessionID: "s-1", ID: NewTokenID(NewGrantID(), testNow),
		IssuedAt: testNow.Unix(), Expires: testNow.Add(10 * time.Minute).Unix(),
	}
}

func goodID() *IDClaims {
	return &IDClaims{
		Issuer: testIssuer, Subject: "usr_alice", Audience: "demo-web", Nonce: "n-0S6_WzA2Mj", SessionID: "s-1",
		AuthTime: testNow.Unix() - 5, IssuedAt: testNow.Unix(), Expires: testNow.Add(10 * time.Minute).Unix(),
	}
}

func (f *fixture) mint(t testing.TB, alg oauth.Alg, a *Access) string {
	t.Helper()
	tok, err := MintAccess(f.set.Active(alg), a)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// forge signs any header segment and any payload with one of our keys: what a thief of the key,
// or a bug of ours, could make.
func (f *fixture) forge(t testing.TB, alg oauth.Alg, header, payload string) string {
	t.Helper()
	input := header + "." + b64.EncodeToString([]byte(payload))
	sig, err := appendSignature(nil, f.set.Active(alg), []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64.EncodeToString(sig)
}

// claimsOf returns the payload of a token.
func claimsOf(t testing.TB, tok string) string {
	t.Helper()
	return string(octets(t, strings.Split(tok, ".")[1]))
}

// oracle is golang-jwt with every strict option it has.
func (f *fixture) oracle() *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256", "ES256", "EdDSA"}),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		jwt.WithIssuer(testIssuer), jwt.WithLeeway(5*time.Second),
		jwt.WithTimeFunc(func() time.Time { return testNow }),
	)
}

// keyOf is the oracle's way to a key: by kid, checked against alg.
func (f *fixture) keyOf(tok *jwt.Token) (any, error) {
	for _, alg := range oauth.Algs() {
		if k := f.set.Active(alg); k.KID == tok.Header["kid"] && string(k.Alg) == tok.Header["alg"] {
			return k.Public, nil
		}
	}
	return nil, errors.New("unknown key")
}
