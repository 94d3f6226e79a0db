package eddsa

import (
	"crypto/ed25519"
	"testing"
)

func BenchmarkSign(b *testing.B) {
	message := make([]byte, 400)
	b.Run("eddsa", func(b *testing.B) {
		need(b)
		_, s := newKey(b)
		sig := make([]byte, 0, ed25519.SignatureSize)
		b.ReportAllocs()
		for b.Loop() {
			sig = s.AppendSign(sig[:0], message)
		}
	})
	b.Run("crypto-ed25519", func(b *testing.B) {
		_, key, _ := ed25519.GenerateKey(nil)
		b.ReportAllocs()
		for b.Loop() {
			ed25519.Sign(key, message)
		}
	})
}
