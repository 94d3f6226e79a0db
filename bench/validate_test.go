package bench

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"

	"tollgate/flows/oauth"
	"tollgate/flows/store/memstore"
)

func BenchmarkValidate_Hit(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) { i.hammer(b, 200, "", validateRequest(i.access(1)[0])) })
}

func BenchmarkValidate_HitAmongThousand(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) { i.hammer(b, 200, "", all(validateRequest, i.access(1000))...) })
}

func BenchmarkValidate_HitRS256(b *testing.B) {
	i := newIssuer(b, memstore.New(memstore.Options{}), oauth.RS256)
	i.hammer(b, 200, "", validateRequest(i.access(1)[0]))
}

// Every token is new, so each is verified and asked about.
func BenchmarkValidate_Miss(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) { i.hammer(b, 200, "", all(validateRequest, i.access(b.N))...) })
}

func BenchmarkValidate_Revoked(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) {
		tok := i.access(1)[0]
		c := i.dial()
		c.must(b, post("/revoke", "demo-service", "token="+tok))
		c.Close()
		i.hammer(b, 401, "", validateRequest(tok))
	})
}

func BenchmarkValidate_NoToken(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) {
		i.hammer(b, 401, "", []byte("GET /validate HTTP/1.1\r\nHost: x\r\n\r\n"))
	})
}

// Junk of three kinds: no JWT, a JWT of nobody's key, and one of ours with another signature.
func BenchmarkValidate_Junk(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) {
		good := i.access(1)[0]
		for _, kind := range []struct {
			name string
			make func() string
		}{
			{"text", func() string { return noise(64) }},
			{"jwt", func() string { return "eyJhbGciOiJFZERTQSJ9." + noise(200) + "." + noise(64) }},
			{"signature", func() string { return good[:len(good)-80] + noise(60)[:80] }},
		} {
			b.Run(kind.name, func(b *testing.B) {
				var requests [][]byte
				for range 1024 {
					requests = append(requests, validateRequest(kind.make()))
				}
				i.hammer(b, 401, "", requests...)
			})
		}
	})
}

func BenchmarkIntrospect_Hit(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) { i.hammer(b, 200, `"active":true`, introspectRequest(i.access(1)[0])) })
}

func BenchmarkIntrospect_Miss(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) {
		i.hammer(b, 200, `"active":true`, all(introspectRequest, i.access(b.N))...)
	})
}

func BenchmarkIntrospect_Junk(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) { i.hammer(b, 200, `"active":false`, introspectRequest(noise(64))) })
}

// One operation is one batch.
func BenchmarkIntrospect_Batch(b *testing.B) {
	for _, size := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			onEach(b, func(b *testing.B, i *issuer) {
				text, err := json.Marshal(map[string]any{"tokens": i.access(size)})
				if err != nil {
					b.Fatal(err)
				}
				i.hammer(b, 200, `"active":true`, body("/introspect/batch", "demo-gateway", "application/json", string(text)))
				b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "tokens/s")
			})
		})
	}
}

func introspectRequest(tok string) []byte { return post("/introspect", "demo-gateway", "token="+tok) }

// all makes a request for each token.
func all(request func(string) []byte, tokens []string) [][]byte {
	var requests [][]byte
	for _, tok := range tokens {
		requests = append(requests, request(tok))
	}
	return requests
}

// noise is random bytes in base64url.
func noise(n int) string {
	raw := make([]byte, n)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}
