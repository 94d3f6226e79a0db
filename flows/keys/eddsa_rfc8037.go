package keys

import (
	"crypto"
	"crypto/rand"
)

// AppendEdDSA appends the signature over message, not over a digest of it (RFC 8037 3.1). The key is one for EdDSA.
func (k *Key) AppendEdDSA(dst, message []byte) ([]byte, error) {
	if k.eddsa != nil {
		return k.eddsa.AppendSign(dst, message), nil
	}
	sig, err := k.Signer.Sign(rand.Reader, message, crypto.Hash(0))
	return append(dst, sig...), err
}
