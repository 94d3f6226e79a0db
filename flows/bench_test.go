package flows

import (
	"crypto"
	"crypto/rand"
	"testing"

	"tollgate/flows/oauth"
)

// What /token costs beyond its signature: compare with BenchmarkSignature.
func BenchmarkToken_ClientCredentials(b *testing.B) {
	for _, alg := range oauth.Algs() {
		b.Run(string(alg), func(b *testing.B) {
			w := newWorld(b, func(c *Config) { c.SigningAlg, c.OnEvent = alg, func(Event) {} })
			r, ctx := service(), b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Token(ctx, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkToken_Refresh(b *testing.B) {
	w := newWorld(b, func(c *Config) { c.OnEvent = func(Event) {} })
	tokens, ctx := w.tokens(w.newBrowser()), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		next, err := w.Token(ctx, refresh(tokens.RefreshToken))
		if err != nil {
			b.Fatal(err)
		}
		tokens = next
	}
}

func BenchmarkSignature(b *testing.B) {
	w := newWorld(b)
	message := make([]byte, 500) // what is signed of an access token
	for _, alg := range oauth.Algs() {
		b.Run(string(alg), func(b *testing.B) {
			signer := w.keys.Snapshot().Active(alg).Signer
			b.ReportAllocs()
			for b.Loop() {
				hash, input := crypto.SHA256, message[:32]
				if alg == oauth.EdDSA {
					hash, input = crypto.Hash(0), message
				}
				if _, err := signer.Sign(rand.Reader, input, hash); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestToken_ClientCredentialsCostLittleBesideTheSignature(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.OnEvent = func(Event) {} })
	r, ctx := service(), t.Context()
	if n := testing.AllocsPerRun(200, func() {
		if _, err := w.Token(ctx, r); err != nil {
			t.Fatal(err)
		}
	}); n > 10 { // 6, and what is taken from a pool now and then
		t.Errorf("%v allocations", n)
	}
}
