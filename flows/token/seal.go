package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// ErrSealed says that something cannot be opened with this handle for this purpose.
var ErrSealed = errors.New("token: sealed under another handle or damaged")

// Seal encrypts clear under a key made from the handle (HKDF-SHA256, AES-256-GCM): nonce (12) |
// ciphertext | tag (16). The store keeps only the handle's hash, so who reads the store learns
// nothing; who presents the handle can be given what was sealed for it. Different purposes give
// different keys.
func Seal(handle, purpose string, clear []byte) ([]byte, error) {
	aead, err := sealer(handle, purpose)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return aead.Seal(nil, nil, clear, nil), nil
}

// Open decrypts what Seal made, or says ErrSealed.
func Open(handle, purpose string, sealed []byte) ([]byte, error) {
	aead, err := sealer(handle, purpose)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	clear, err := aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, ErrSealed
	}
	return clear, nil
}

// extract is HKDF's first step without a salt, which is as many zeros as a hash has bytes (RFC 5869 2.2).
var extract = newKeyedHash(make([]byte, sha256.Size))

func sealer(handle, purpose string) (cipher.AEAD, error) {
	secret := extract.sum(handle, nil)
	key, err := hkdf.Expand(sha256.New, secret[:], "tollgate/"+purpose, sha256.Size)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
