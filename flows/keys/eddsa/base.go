package eddsa

import (
	"encoding/binary"
	"sync"

	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
)

const (
	digits     = 64 // of a scalar, four bits each
	limbs      = 5  // of a field element
	limbBits   = 51
	limbMask   = 1<<limbBits - 1
	encodedLen = 32
)

// Lanes of a point: X/Z and Y/Z are its coordinates, and T is X*Y/Z.
const (
	laneX, laneY, laneZ = 0, 1, 2
	lanes               = 4
)

// point is four field elements side by side: limb k of all of them, then limb k+1.
type point [limbs][lanes]uint64

// multiples are 0 to 15 times a point, as they are added: (y-x, y+x, 2, 2dxy) of its coordinates.
type multiples [16]point

// baseTable is 16^i times the base point, in multiples. It takes 160 KiB and some milliseconds to make, so
// it is there once somebody signs.
var baseTable = sync.OnceValue(func() *[digits]multiples {
	twoD := new(field.Element).Add(curveD(), curveD())
	table := new([digits]multiples)
	power := edwards25519.NewGeneratorPoint()
	for i := range table {
		p := edwards25519.NewIdentityPoint()
		for j := range table[i] {
			table[i][j] = asAdded(p, twoD)
			p.Add(p, power)
		}
		power.Set(p) // 16 times itself
	}
	return table
})

// curveD is the curve's constant -121665/121666 (RFC 8032 5.1).
func curveD() *field.Element {
	one := new(field.Element).One()
	d := new(field.Element).Invert(new(field.Element).Mult32(one, 121666))
	return d.Negate(d.Mult32(d, 121665))
}

func asAdded(p *edwards25519.Point, twoD *field.Element) (out point) {
	x, y, z, _ := p.ExtendedCoordinates()
	z.Invert(z)
	x.Multiply(x, z)
	y.Multiply(y, z)
	one := new(field.Element).One()
	product := new(field.Element).Multiply(x, y)
	for lane, e := range []*field.Element{
		new(field.Element).Subtract(y, x),
		new(field.Element).Add(y, x),
		new(field.Element).Add(one, one),
		product.Multiply(product, twoD),
	} {
		out.setLane(lane, e)
	}
	return out
}

// setLane spreads an element over limbs.
func (p *point) setLane(lane int, e *field.Element) {
	b := e.Bytes()
	for k := range limbs {
		p[k][lane] = binary.LittleEndian.Uint64(append(b, make([]byte, 8)...)[k*limbBits/8:]) >> (k * limbBits % 8) & limbMask
	}
}

// lane is the element of reduced limbs, which may spell it above the modulus.
func (p *point) lane(lane int, e *field.Element) *field.Element {
	var l [limbs]uint64
	for k := range l {
		l[k] = p[k][lane]
	}
	for range 2 { // the first carry out of the last limb may begin another
		carry := uint64(0)
		for k := range l {
			l[k] += carry
			l[k], carry = l[k]&limbMask, l[k]>>limbBits
		}
		l[0] += 19 * carry
	}
	words := [4]uint64{l[0] | l[1]<<51, l[1]>>13 | l[2]<<38, l[2]>>26 | l[3]<<25, l[3]>>39 | l[4]<<12}
	var b [encodedLen]byte
	for i, w := range words {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	e, _ = e.SetBytes(b[:]) // fails for other lengths only
	return e
}

// appendBase appends the encoding of scalar times the base point (RFC 8032 5.1.2). Scalar is little-endian
// and may have all of its 256 bits.
func appendBase(dst []byte, scalar *[encodedLen]byte) []byte {
	var nibbles [digits]byte
	for i, b := range scalar {
		nibbles[2*i], nibbles[2*i+1] = b&15, b>>4
	}
	var p point
	multiplyBase(&p, baseTable(), &nibbles)
	var x, y, z field.Element
	p.lane(laneZ, &z)
	z.Invert(&z)
	p.lane(laneX, &x).Multiply(&x, &z)
	p.lane(laneY, &y).Multiply(&y, &z)
	dst = append(dst, y.Bytes()...)
	dst[len(dst)-1] |= byte(x.IsNegative() << 7)
	return dst
}
