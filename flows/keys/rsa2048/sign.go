package rsa2048

import (
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"
	"math/bits"
)

const (
	windowBits = 5
	windows    = 1 << windowBits
)

// ErrFault says that a signature came out wrong, by a fault of the machine: it must never be shown.
var ErrFault = errors.New("rsa2048: the signature does not verify")

// Signer signs with one key. It is immutable.
type Signer struct {
	verifier *Verifier

	primes    pair                 // p and q
	words     [2]number            // the same
	exponents [2][halfWords]uint64 // d modulo p-1 and q-1
	k0        [2]uint64
	square    pair // R*R
	shifted   pair // R*R*2^1024
	inverse   pair // R/q modulo p, and 0
}

// NewSigner prepares a key, which is a valid one. It is false where the processor or the shape of the key is
// another one: two primes of 1024 bits each and the exponent 65537 it must have.
func NewSigner(key *rsa.PrivateKey) (*Signer, bool) {
	verifier, ok := NewVerifier(&key.PublicKey)
	if !ok || len(key.Primes) != 2 {
		return nil, false
	}
	s := &Signer{verifier: verifier}
	one := big.NewInt(1)
	for i, prime := range key.Primes {
		if prime.BitLen() != 64*halfWords {
			return nil, false
		}
		setBig(s.primes[i][:halfLimbs], prime)
		wordsOf(s.words[i][:halfWords], prime.FillBytes(make([]byte, 8*halfWords)))
		power := new(big.Int).Mod(key.D, new(big.Int).Sub(prime, one))
		wordsOf(s.exponents[i][:], power.FillBytes(make([]byte, 8*halfWords)))
		s.k0[i] = negativeInverse(s.primes[i][0])
		square := new(big.Int).Lsh(one, 2*halfLimbs*limbBits)
		setBig(s.square[i][:halfLimbs], new(big.Int).Mod(square, prime))
		shifted := square.Lsh(square, 64*halfWords)
		setBig(s.shifted[i][:halfLimbs], shifted.Mod(shifted, prime))
	}
	p, q := key.Primes[0], key.Primes[1]
	inverse := new(big.Int).ModInverse(q, p)
	if inverse == nil {
		return nil, false
	}
	inverse.Lsh(inverse, halfLimbs*limbBits)
	setBig(s.inverse[0][:halfLimbs], inverse.Mod(inverse, p))
	return s, true
}

// Sign returns the signature over digest. The only error is ErrFault.
func (s *Signer) Sign(digest *[sha256.Size]byte) (sig [Size]byte, err error) {
	em := encoded(digest)
	var message [wideWords]uint64
	wordsOf(message[:], em[:])
	x := s.reduce(&message)
	s.power(&x)
	signature := s.join(&x)
	if s.verifier.power(&signature) != em {
		return [Size]byte{}, ErrFault
	}
	bytesOf(sig[:], signature[:])
	return sig, nil
}

// reduce is the message modulo each prime, times R: its low half times R, and its high half times
// 2^1024*R. The sum is below 3m, which a factor may be.
func (s *Signer) reduce(message *[wideWords]uint64) (x pair) {
	var low, high pair
	for i := range low {
		setWords(low[i][:halfLimbs], message[:halfWords])
		setWords(high[i][:halfLimbs], message[halfWords:])
	}
	multiply2(&low, &low, &s.square, &s.primes, &s.k0)
	multiply2(&high, &high, &s.shifted, &s.primes, &s.k0)
	for i := range x {
		carry := uint64(0)
		for j := range halfLimbs {
			sum := low[i][j] + high[i][j] + carry
			x[i][j], carry = sum&limbMask, sum>>limbBits
		}
	}
	return x
}

// power raises each half to its exponent, and takes the R away.
func (s *Signer) power(x *pair) {
	one := pair{{1}, {1}}
	var table [windows]pair
	multiply2(&table[0], &one, &s.square, &s.primes, &s.k0)
	table[1] = *x
	for i := 2; i < windows; i++ {
		multiply2(&table[i], &table[i-1], x, &s.primes, &s.k0)
	}
	var chosen pair
	const top = 64 * halfWords / windowBits * windowBits // where the highest window begins, which is not whole
	choose2(x, &table, window(&s.exponents[0], top), window(&s.exponents[1], top))
	for at := top - windowBits; at >= 0; at -= windowBits {
		for range windowBits {
			multiply2(x, x, x, &s.primes, &s.k0)
		}
		choose2(&chosen, &table, window(&s.exponents[0], at), window(&s.exponents[1], at))
		multiply2(x, x, &chosen, &s.primes, &s.k0)
	}
	multiply2(x, x, &one, &s.primes, &s.k0)
}

// window is the bits of an exponent from so many on.
func window(exponent *[halfWords]uint64, at int) uint64 {
	word, shift := at/64, at%64
	w := exponent[word] >> shift
	if word+1 < halfWords {
		w |= exponent[word+1] << (64 - shift) // nothing where shift is 0
	}
	return w & (windows - 1)
}

// join makes one number of both halves (Garner; RFC 8017 5.1.2): x[1] + q * ((x[0]-x[1])/q modulo p).
func (s *Signer) join(x *pair) (signature [wideWords]uint64) {
	var half [2]number
	for i := range half {
		packLimbs(half[i][:], x[i][:halfLimbs])
		subtractOnce(half[i][:], s.words[i][:])
	}
	p, q := &s.words[0], &s.words[1]
	difference := half[0] // and 2p more: q is below 2p where both have 1024 bits, so it is positive
	difference.add(p)
	difference.add(p)
	difference.subtract(&half[1])
	var h pair
	setWords(h[0][:halfLimbs], difference[:])
	multiply2(&h, &h, &s.inverse, &s.primes, &s.k0)
	var factor number
	packLimbs(factor[:], h[0][:halfLimbs])
	subtractOnce(factor[:], p[:])

	copy(signature[:], half[1][:])
	for i := range halfWords {
		var carry uint64
		for j := range halfWords {
			high, low := bits.Mul64(factor[i], q[j])
			var c uint64
			low, c = bits.Add64(low, signature[i+j], 0)
			high += c
			low, c = bits.Add64(low, carry, 0)
			signature[i+j], carry = low, high+c
		}
		for j := i + halfWords; j < wideWords; j++ {
			signature[j], carry = bits.Add64(signature[j], carry, 0)
		}
	}
	return signature
}
