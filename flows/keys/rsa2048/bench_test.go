package rsa2048

import (
	"crypto"
	"crypto/rsa"
	"testing"
)

func BenchmarkSign(b *testing.B) {
	key, digest := testKeys()[0], digestOf(0)
	b.Run("rsa2048", func(b *testing.B) {
		need(b)
		s := signer(b, key)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Sign(digest); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("crypto-rsa", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	key, digest := testKeys()[0], digestOf(0)
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	b.Run("rsa2048", func(b *testing.B) {
		need(b)
		v, _ := NewVerifier(&key.PublicKey)
		b.ReportAllocs()
		for b.Loop() {
			if !v.Verify(digest, sig) {
				b.Fatal("refused")
			}
		}
	})
	b.Run("crypto-rsa", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], sig); err != nil {
				b.Fatal(err)
			}
		}
	})
}
