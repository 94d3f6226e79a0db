package token

import (
	"testing"

	"tollgate/flows/oauth"
)

func benchMint(b *testing.B, alg oauth.Alg) {
	k, a := newFixture(b).set.Active(alg), good()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := MintAccess(k, a); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMintAccess_RS256(b *testing.B) { benchMint(b, oauth.RS256) }
func BenchmarkMintAccess_ES256(b *testing.B) { benchMint(b, oauth.ES256) }
func BenchmarkMintAccess_EdDSA(b *testing.B) { benchMint(b, oauth.EdDSA) }

func benchVerify(b *testing.B, alg oauth.Alg) {
	f := newFixture(b)
	tok := []byte(f.mint(b, alg, good()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.v.Access(tok); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyAccess_RS256(b *testing.B) { benchVerify(b, oauth.RS256) }
func BenchmarkVerifyAccess_ES256(b *testing.B) { benchVerify(b, oauth.ES256) }
func BenchmarkVerifyAccess_EdDSA(b *testing.B) { benchVerify(b, oauth.EdDSA) }

// A stranger's token must cost nothing worth mentioning.
func BenchmarkVerifyAccess_Garbage(b *testing.B) {
	f := newFixture(b)
	tok := []byte(f.forge(b, oauth.EdDSA, b64.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)), "{}"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.v.Access(tok); err == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkHandles_Parse(b *testing.B) {
	h := NewHandles([]byte("mac key"))
	s := h.New(Refresh, NewGrantID())
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := h.Parse(Refresh, s); !ok {
			b.Fatal("refused")
		}
	}
}
