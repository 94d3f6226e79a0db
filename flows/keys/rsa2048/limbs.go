package rsa2048

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

const (
	limbBits = 52
	limbMask = 1<<limbBits - 1

	halfLimbs = 20 // of a prime: R is 2^1040
	wideLimbs = 40 // of a modulus: R is 2^2080
	halfWords = 16 // of 64 bits
	wideWords = 32
	halfLanes = 24 // with what fills up the last vector, which stays 0
	wideLanes = 48 // the same, and one lane that a step reads ahead
)

// pair is two numbers of 1024 bits, or a little more: one modulo p, one modulo q.
type pair [2][halfLanes]uint64

// wide is one number of 2048 bits, or a little more.
type wide [wideLanes]uint64

// number is a number of 1024 bits, or a little more, in words.
type number [halfWords + 1]uint64

func (x *number) add(y *number) {
	var carry uint64
	for i := range x {
		x[i], carry = bits.Add64(x[i], y[i], carry)
	}
}

// subtract wants y to be no more than x.
func (x *number) subtract(y *number) {
	var borrow uint64
	for i := range x {
		x[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
}

// setWords spreads words, the lowest first, over limbs.
func setWords(limbs, words []uint64) {
	for i := range limbs {
		word, shift := i*limbBits/64, i*limbBits%64
		limbs[i] = 0
		if word < len(words) {
			limbs[i] = words[word] >> shift
		}
		if word+1 < len(words) {
			limbs[i] |= words[word+1] << (64 - shift) // nothing where shift is 0
		}
		limbs[i] &= limbMask
	}
}

// packLimbs is the reverse, for a number that fits into the words.
func packLimbs(words, limbs []uint64) {
	clear(words)
	for i, limb := range limbs {
		word, shift := i*limbBits/64, i*limbBits%64
		if word < len(words) {
			words[word] |= limb << shift
		}
		if word+1 < len(words) {
			words[word+1] |= limb >> (64 - shift)
		}
	}
}

// wordsOf reads a number in big-endian bytes, eight for each word.
func wordsOf(words []uint64, number []byte) {
	for i := range words {
		words[i] = binary.BigEndian.Uint64(number[len(number)-8*(i+1):])
	}
}

// bytesOf is the reverse.
func bytesOf(number []byte, words []uint64) {
	for i, w := range words {
		binary.BigEndian.PutUint64(number[len(number)-8*(i+1):], w)
	}
}

// setBig spreads a number over limbs.
func setBig(limbs []uint64, x *big.Int) {
	words := make([]uint64, (len(limbs)*limbBits+63)/64)
	wordsOf(words, x.FillBytes(make([]byte, 8*len(words))))
	setWords(limbs, words)
}

// subtractOnce takes m from x, which is no shorter, where x is not less; in the same time either way.
func subtractOnce(x, m []uint64) {
	var less uint64
	var difference [wideWords + 1]uint64
	for i := range x {
		word := uint64(0)
		if i < len(m) {
			word = m[i]
		}
		difference[i], less = bits.Sub64(x[i], word, less)
	}
	keep := -less // all ones where m is more than x
	for i := range x {
		x[i] = x[i]&keep | difference[i]&^keep
	}
}

// negativeInverse is -1/m modulo 2^52, for an odd m (Newton: each round doubles the bits that are right).
func negativeInverse(m uint64) uint64 {
	inverse := m // right in three bits
	for range 5 {
		inverse *= 2 - m*inverse
	}
	return -inverse & limbMask
}
