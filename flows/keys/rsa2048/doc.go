// Package rsa2048 signs and verifies RSASSA-PKCS1-v1_5 with SHA-256 for keys of 2048 bits (RFC 8017 8.2)
// on processors with AVX-512 IFMA, several times as fast as crypto/rsa, which has no use for it. It owns
// the arithmetic and nothing else: no key is made, kept or sealed here, and where the processor or the key
// is another one, NewSigner and NewVerifier say so and crypto/rsa does the work.
//
//	digest ──> encoded message ──> mod p, mod q ──> two powers side by side ──> CRT ──> checked ──> signature
//
// What it is held to: every signature is verified before it leaves (a fault in one half would give the key
// away), and crypto/rsa is the oracle of its tests. The same instructions run and the same memory is read
// whatever the key: windows of fixed width, tables that are read whole, no branch on a secret.
//
// Numbers are vectors of 52 bits in lanes of 64. Products are almost Montgomery's, which need no
// comparison: with R = 2^1040 above 4m, factors below 2m give a product below 2m (S. Gueron, "Efficient
// software implementations of modular exponentiation", 2012).
package rsa2048
