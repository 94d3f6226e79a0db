package rsa2048

import "golang.org/x/sys/cpu"

// supported says whether this processor has the instructions. The operating system keeps their registers
// where cpu says that it has them.
var supported = cpu.X86.HasAVX512IFMA && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ

// multiply2 sets out to a*b/R modulo m, almost, for both halves.
//
//go:noescape
func multiply2(out, a, b, m *pair, k0 *[2]uint64)

// choose2 sets out to the halves of table[p] and table[q].
//
//go:noescape
func choose2(out *pair, table *[windows]pair, p, q uint64)

// multiply1 sets out to a*b/R modulo m, almost.
//
//go:noescape
func multiply1(out, a, b, m *wide, k0 uint64)
