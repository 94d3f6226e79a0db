// Package eddsa signs Ed25519 (RFC 8032 5.1) on processors with AVX-512 IFMA, twice as fast as
// crypto/ed25519, which has no use for it. It owns the multiplication of the base point; scalars and field
// elements are filippo.io/edwards25519's. Where the processor is another one NewSigner says so, and
// crypto/ed25519 does the work. It is also the oracle of the tests: signatures are the same byte for byte.
//
//	message ──> r ──> r*B by a table of multiples, 64 additions ──> encoded ──> k ──> S = r + k*s
//
// The same instructions run and the same memory is read whatever the key and the message: the additions
// have no exception (complete formulas, Hisil, Wong, Carter, Dawson 2008, whose four independent products
// are one of four lanes here), and of each table all is read.
package eddsa
