//go:build !amd64

package rsa2048

const supported = false

func multiply2(out, a, b, m *pair, k0 *[2]uint64)          { panic("not supported") }
func choose2(out *pair, table *[windows]pair, p, q uint64) { panic("not supported") }
func multiply1(out, a, b, m *wide, k0 uint64)              { panic("not supported") }
