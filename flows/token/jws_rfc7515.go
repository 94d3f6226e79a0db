package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"tollgate/flows/keys"
	"tollgate/flows/oauth"
)

const p256Size = 32 // bytes of r and of s, RFC 7518 3.4

// errSignature says that a signature does not fit; callers turn it into ErrInvalid.
var errSignature = errors.New("token: wrong signature")

// appendSignature appends the JWS signature over input with the key's one algorithm (RFC 7515 5.1).
func appendSignature(dst []byte, k *keys.Key, input []byte) ([]byte, error) {
	switch k.Alg {
	case oauth.EdDSA: // RFC 8037 3.1: over the message itself
		return k.AppendEdDSA(dst, input)
	case oauth.RS256: // RFC 7518 3.3
		digest := sha256.Sum256(input)
		return k.AppendRS256(dst, &digest)
	case oauth.ES256: // RFC 7518 3.4: r | s, not the DER that crypto.Signer gives
		digest := sha256.Sum256(input)
		der, err := k.Signer.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return appendRaw(dst, der)
	default:
		return nil, fmt.Errorf("no signer for algorithm %q", k.Alg)
	}
}

// appendRaw appends SEQUENCE { r, s } as 64 bytes.
func appendRaw(dst, der []byte) ([]byte, error) {
	var r, s big.Int
	in, inner := cryptobyte.String(der), cryptobyte.String(nil)
	if !in.ReadASN1(&inner, asn1.SEQUENCE) || !in.Empty() ||
		!inner.ReadASN1Integer(&r) || !inner.ReadASN1Integer(&s) || !inner.Empty() {
		return nil, errors.New("signer returned a malformed ECDSA signature")
	}
	var raw [2 * p256Size]byte
	r.FillBytes(raw[:p256Size])
	s.FillBytes(raw[p256Size:])
	return append(dst, raw[:]...), nil
}

// verify checks a JWS signature with the key's one algorithm (RFC 7515 5.2). ECDSA's second
// spelling of a signature (s and n-s) is accepted: tokens are told apart by jti, never by bytes.
func verify(k *keys.Key, input, sig []byte) error {
	ok := false
	switch public := k.Public.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256(input)
		ok = k.VerifyRS256(&digest, sig)
	case *ecdsa.PublicKey:
		digest := sha256.Sum256(input)
		ok = len(sig) == 2*p256Size && ecdsa.Verify(public, digest[:],
			new(big.Int).SetBytes(sig[:p256Size]), new(big.Int).SetBytes(sig[p256Size:]))
	case ed25519.PublicKey:
		ok = len(sig) == ed25519.SignatureSize && ed25519.Verify(public, input, sig)
	}
	if !ok {
		return errSignature
	}
	return nil
}
