package eddsa

import "golang.org/x/sys/cpu"

// supported says whether this processor has the instructions. The operating system keeps their registers
// where cpu says that it has them.
var supported = cpu.X86.HasAVX512IFMA && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ

// multiplyBase sets out to the sum of table[i][nibbles[i]].
//
//go:noescape
func multiplyBase(out *point, table *[digits]multiples, nibbles *[digits]byte)
