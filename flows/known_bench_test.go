package flows

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

// onStores runs a benchmark on a world in memory and on one on Redis.
func onStores(b *testing.B, run func(b *testing.B, w *world, tok []byte)) {
	for name, open := range map[string]func(tb testing.TB) *world{
		"memory": func(tb testing.TB) *world { return newWorld(tb) },
		"redis":  func(tb testing.TB) *world { return redisWorld(tb, redistest.Start(tb)) },
	} {
		b.Run(name, func(b *testing.B) {
			w := open(b)
			time.Sleep(1100 * time.Millisecond) // what this node wrote a moment ago is always asked for
			tok := []byte(w.accessToken())
			if err := w.validate(string(tok)); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			run(b, w, tok)
		})
	}
}

func BenchmarkValidate_Hit(b *testing.B) {
	onStores(b, func(b *testing.B, w *world, tok []byte) {
		for b.Loop() {
			if _, err := w.Validate(b.Context(), w.cfg.Now(), tok, "", ""); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkValidate_HitParallel(b *testing.B) {
	onStores(b, func(b *testing.B, w *world, tok []byte) {
		ctx := b.Context()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := w.Validate(ctx, w.cfg.Now(), tok, "orders:read", ""); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkValidate_Junk(b *testing.B) {
	onStores(b, func(b *testing.B, w *world, tok []byte) {
		end := tok[len(tok)-20:]
		for i := 0; b.Loop(); i++ {
			copy(end, fmt.Sprintf("%012d", i))
			if _, err := w.Validate(b.Context(), w.cfg.Now(), tok, "", ""); err == nil {
				b.Fatal("junk is good")
			}
		}
	})
}

// BenchmarkCheckRevoked_Steady is what a known token costs while nothing is revoked.
func BenchmarkCheckRevoked_Steady(b *testing.B) {
	onStores(b, func(b *testing.B, w *world, tok []byte) {
		k := must(w.verify(b.Context(), tok, w.cfg.Now()))(b)
		for b.Loop() {
			if err := w.checkKnown(b.Context(), k, w.cfg.Now()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCheckRevoked_AfterNews is what it costs once after anything was revoked anywhere.
func BenchmarkCheckRevoked_AfterNews(b *testing.B) {
	onStores(b, func(b *testing.B, w *world, tok []byte) {
		k := must(w.verify(b.Context(), tok, w.cfg.Now()))(b)
		for b.Loop() {
			k.doubt()
			if err := w.checkKnown(b.Context(), k, w.cfg.Now()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkIntrospect(b *testing.B) {
	b.Run("one", func(b *testing.B) {
		onStores(b, func(b *testing.B, w *world, tok []byte) {
			text, answer := string(tok), &Introspection{}
			for b.Loop() {
				if err := w.IntrospectOne(b.Context(), &asGateway, text, answer); err != nil || !answer.Active {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("a hundred", func(b *testing.B) {
		onStores(b, func(b *testing.B, w *world, tok []byte) {
			r := &IntrospectRequest{Client: asGateway, Tokens: strings.Split(strings.Repeat(string(tok)+" ", 99)+string(tok), " ")}
			for b.Loop() {
				if _, err := w.Introspect(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(100*b.N), "ns/token")
		})
	})
}
