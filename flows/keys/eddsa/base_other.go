//go:build !amd64

package eddsa

const supported = false

func multiplyBase(out *point, table *[digits]multiples, nibbles *[digits]byte) {
	panic("not supported")
}
