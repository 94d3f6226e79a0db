package eddsa

import (
	"crypto/ed25519"
	"crypto/sha512"

	"filippo.io/edwards25519"
)

// usual is how much a message may have that is hashed without memory of its own: most tokens.
const usual = 1024

// Signer signs with one key. It is immutable.
type Signer struct {
	secret edwards25519.Scalar
	prefix [encodedLen]byte
	public [encodedLen]byte
}

// NewSigner prepares a key. It is false where the processor is another one.
func NewSigner(key ed25519.PrivateKey) (*Signer, bool) {
	if !supported || len(key) != ed25519.PrivateKeySize {
		return nil, false
	}
	h := sha512.Sum512(key.Seed())
	s := &Signer{}
	if _, err := s.secret.SetBytesWithClamping(h[:encodedLen]); err != nil {
		return nil, false
	}
	copy(s.prefix[:], h[encodedLen:])
	copy(s.public[:], key[encodedLen:])
	baseTable()
	return s, true
}

// AppendSign appends the signature over message (RFC 8032 5.1.6).
func (s *Signer) AppendSign(dst, message []byte) []byte {
	var space [usual]byte
	r := hashed(append(append(space[:0], s.prefix[:]...), message...))
	at := len(dst)
	dst = appendBase(dst, (*[encodedLen]byte)(r.Bytes()))
	k := hashed(append(append(append(space[:0], dst[at:]...), s.public[:]...), message...))
	return append(dst, k.MultiplyAdd(&k, &s.secret, &r).Bytes()...)
}

// hashed is the hash of text, modulo the order of the base point.
func hashed(text []byte) (scalar edwards25519.Scalar) {
	h := sha512.Sum512(text)
	_, _ = scalar.SetUniformBytes(h[:]) // fails for other lengths only
	return scalar
}
