package eddsa

import "filippo.io/edwards25519/field"

type fieldElement = field.Element

func one() *fieldElement { return new(fieldElement).One() }

// small is a number of 64 bits.
func small(n uint64) *fieldElement {
	shift := new(fieldElement).Mult32(one(), 1<<31)
	shift.Add(shift, shift)
	high := new(fieldElement).Mult32(one(), uint32(n>>32))
	low := new(fieldElement).Mult32(one(), uint32(n))
	return high.Add(high.Multiply(high, shift), low)
}
