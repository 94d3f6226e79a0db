package rsa2048

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
)

const (
	// Size is how long a signature is, in bytes.
	Size = 256

	exponent = 65537 // the one that is ever used
)

// padding is the encoded message up to the digest: 00 01 ff … ff 00, and the DER in front of a SHA-256
// digest (RFC 8017 9.2, note 1).
var padding = func() (p [Size - sha256.Size]byte) {
	info := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	copy(p[:], bytes.Repeat([]byte{0xff}, len(p)))
	copy(p[len(p)-len(info):], info)
	p[0], p[1], p[len(p)-len(info)-1] = 0, 1, 0
	return p
}()

// encoded is what a signature is of (EMSA-PKCS1-v1_5, RFC 8017 9.2).
func encoded(digest *[sha256.Size]byte) (em [Size]byte) {
	copy(em[:], padding[:])
	copy(em[len(padding):], digest[:])
	return em
}

// Verifier verifies the signatures of one key. It is immutable.
type Verifier struct {
	modulus wide
	words   [wideWords]uint64 // the modulus
	square  wide              // R*R modulo the modulus
	k0      uint64
}

// NewVerifier prepares a key. It is false where the processor, the size or the exponent is another one.
func NewVerifier(public *rsa.PublicKey) (*Verifier, bool) {
	if !supported || public.N.BitLen() != 8*Size || public.N.Bit(0) == 0 || public.E != exponent {
		return nil, false
	}
	v := &Verifier{}
	setBig(v.modulus[:wideLimbs], public.N)
	wordsOf(v.words[:], public.N.FillBytes(make([]byte, Size)))
	square := new(big.Int).Lsh(big.NewInt(1), 2*wideLimbs*limbBits)
	setBig(v.square[:wideLimbs], square.Mod(square, public.N))
	v.k0 = negativeInverse(v.modulus[0])
	return v, true
}

// Verify reports whether sig is the key's over digest. Whole encoded messages are compared: nothing of
// what a signature claims is parsed.
func (v *Verifier) Verify(digest *[sha256.Size]byte, sig []byte) bool {
	if len(sig) != Size {
		return false
	}
	var words [wideWords]uint64
	wordsOf(words[:], sig)
	if !isLess(words[:], v.words[:]) { // RFC 8017 5.2.2
		return false
	}
	got := v.power(&words)
	want := encoded(digest)
	return got == want
}

// power is words^65537 modulo the modulus, in bytes. Nothing here is a secret.
func (v *Verifier) power(words *[wideWords]uint64) (out [Size]byte) {
	var s, x wide
	setWords(s[:wideLimbs], words[:])
	multiply1(&x, &s, &v.square, &v.modulus, v.k0) // s*R
	for range 16 {
		multiply1(&x, &x, &x, &v.modulus, v.k0)
	}
	multiply1(&x, &x, &s, &v.modulus, v.k0) // times s without its R: the product is without R, too
	var packed [wideWords + 1]uint64
	packLimbs(packed[:], x[:wideLimbs])
	subtractOnce(packed[:], v.words[:])
	bytesOf(out[:], packed[:wideWords])
	return out
}

func isLess(a, b []uint64) bool {
	for i := len(a) - 1; i >= 0; i-- {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}
