package keys

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"

	"tollgate/flows/keys/rsa2048"
)

// rs256 is how a key signs and verifies RS256 (RFC 7518 3.3): by rsa2048 where the processor and the key
// are such that it can, and by what is right everywhere where not.
type rs256 struct {
	signer   *rsa2048.Signer   // nil: the key's own Signer signs
	verifier *rsa2048.Verifier // nil: anywhere verifies
	anywhere *rsaVerifier
}

func newRS256(public *rsa.PublicKey, signer crypto.Signer) (*rs256, error) {
	anywhere, err := newRSAVerifier(public)
	if err != nil {
		return nil, err
	}
	k := &rs256{anywhere: anywhere}
	k.verifier, _ = rsa2048.NewVerifier(public)
	if private, ok := signer.(*rsa.PrivateKey); ok {
		k.signer, _ = rsa2048.NewSigner(private)
	}
	return k, nil
}

// AppendRS256 appends the signature over digest. The key is one for RS256.
func (k *Key) AppendRS256(dst []byte, digest *[sha256.Size]byte) ([]byte, error) {
	if k.rs256.signer != nil {
		if sig, err := k.rs256.signer.Sign(digest); err == nil {
			return append(dst, sig[:]...), nil
		} // a fault of the machine: another way may do better
	}
	sig, err := k.Signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	return append(dst, sig...), err
}

// VerifyRS256 reports whether sig is the key's over digest. The key is one for RS256.
func (k *Key) VerifyRS256(digest *[sha256.Size]byte, sig []byte) bool {
	if k.rs256.verifier != nil {
		return k.rs256.verifier.Verify(digest, sig)
	}
	return k.rs256.anywhere.verify(digest, sig)
}
