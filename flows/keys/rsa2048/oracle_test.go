package rsa2048

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	mathrand "math/rand/v2"
	"sync"
	"testing"
)

const someKeys = 8

// testKeys are fresh in every run, so that no run is like another.
var testKeys = sync.OnceValue(func() (all []*rsa.PrivateKey) {
	for range someKeys {
		key, err := rsa.GenerateKey(rand.Reader, 8*Size)
		if err != nil {
			panic(err)
		}
		all = append(all, key)
	}
	return all
})

// need ends a test where the processor cannot do what is tested: there crypto/rsa is what runs.
func need(t testing.TB) {
	t.Helper()
	if !supported {
		t.Skip("this processor has no AVX-512 IFMA")
	}
}

func signer(t testing.TB, key *rsa.PrivateKey) *Signer {
	t.Helper()
	s, ok := NewSigner(key)
	if !ok {
		t.Fatal("a key of two primes of 1024 bits is not taken")
	}
	return s
}

func digestOf(n int) *[sha256.Size]byte {
	d := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return &d
}

func TestSign_IsByteForByteWhatCryptoRSASigns(t *testing.T) {
	need(t)
	for _, key := range testKeys() {
		s := signer(t, key)
		for n := range 50 {
			digest := digestOf(n)
			want, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Sign(digest); err != nil || string(got[:]) != string(want) {
				t.Fatalf("digest %d: got %x, %v, want %x", n, got, err, want)
			}
		}
	}
}

func TestSign_TakesThePrimesInEitherOrder(t *testing.T) {
	need(t)
	for _, key := range testKeys() {
		other := &rsa.PrivateKey{PublicKey: key.PublicKey, D: key.D, Primes: []*big.Int{key.Primes[1], key.Primes[0]}}
		want, _ := signer(t, key).Sign(digestOf(1))
		if got, err := signer(t, other).Sign(digestOf(1)); err != nil || got != want {
			t.Errorf("got %x, %v, want %x", got, err, want)
		}
	}
}

func TestSign_NeverShowsAFault(t *testing.T) { // Boneh, DeMillo, Lipton 1997: one wrong half gives the primes away
	need(t)
	for bit := range 64 {
		s := *signer(t, testKeys()[0])
		s.exponents[bit%2][bit%halfWords] ^= 1 << bit
		if sig, err := s.Sign(digestOf(bit)); err != ErrFault || sig != [Size]byte{} {
			t.Fatalf("got %x, %v, want nothing and %v", sig, err, ErrFault)
		}
	}
}

func TestVerify_AgreesWithCryptoRSA(t *testing.T) {
	need(t)
	key := testKeys()[0]
	v, _ := NewVerifier(&key.PublicKey)
	digest := digestOf(0)
	good, err := signer(t, key).Sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	above := new(big.Int).Add(new(big.Int).SetBytes(good[:]), key.N) // the same number, spelled above the modulus
	cases := [][]byte{good[:], nil, good[:Size-1], append(good[:], 0), make([]byte, Size), key.N.FillBytes(make([]byte, Size))}
	if above.BitLen() <= 8*Size {
		cases = append(cases, above.FillBytes(make([]byte, Size)))
	}
	for range 500 {
		changed := good
		changed[mathrand.IntN(Size)] ^= 1 << mathrand.IntN(8)
		cases = append(cases, changed[:])
		var noise [Size]byte
		rand.Read(noise[:])
		cases = append(cases, noise[:])
	}
	accepted := 0
	for _, sig := range cases {
		want := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], sig) == nil
		if got := v.Verify(digest, sig); got != want {
			t.Fatalf("got %v, want %v for %x", got, want, sig)
		}
		if want {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("%d signatures are good, want the one", accepted)
	}
}

func TestNew_LeavesOtherKeysToOthers(t *testing.T) {
	key := testKeys()[0]
	for name, change := range map[string]func(k *rsa.PrivateKey){
		"exponent 3":    func(k *rsa.PrivateKey) { k.E = 3 },
		"3072 bits":     func(k *rsa.PrivateKey) { k.N = new(big.Int).Lsh(k.N, 1024) },
		"even":          func(k *rsa.PrivateKey) { k.N = new(big.Int).Sub(k.N, big.NewInt(1)) },
		"one prime":     func(k *rsa.PrivateKey) { k.Primes = k.Primes[:1] },
		"uneven primes": func(k *rsa.PrivateKey) { k.Primes = []*big.Int{new(big.Int).Rsh(k.Primes[0], 1), k.Primes[1]} },
	} {
		k := &rsa.PrivateKey{PublicKey: key.PublicKey, D: key.D, Primes: key.Primes}
		change(k)
		if _, ok := NewSigner(k); ok {
			t.Errorf("%s: taken", name)
		}
	}
}

// FuzzMultiply holds both multiplications to math/big, at the edges of what limbs and factors may be.
func FuzzMultiply(f *testing.F) {
	need(f)
	f.Add([]byte{1}, []byte{2}, []byte{3})
	full := make([]byte, 260)
	for i := range full {
		full[i] = 0xff
	}
	f.Add(full, full, full)
	f.Add(full, []byte{0xff}, full[:130])
	f.Fuzz(func(t *testing.T, a, b, m []byte) {
		checkPair(t, a, b, m)
		checkWide(t, a, b, m)
	})
}

// below is a number from bytes, below so many bits; odd and with its highest bit where it is to be a modulus.
func below(raw []byte, bits int, modulus bool) *big.Int {
	x := new(big.Int).SetBytes(raw)
	x.Mod(x, new(big.Int).Lsh(big.NewInt(1), uint(bits)))
	if modulus {
		x.SetBit(x, 0, 1).SetBit(x, bits-1, 1)
	}
	return x
}

// checkProduct wants got to be a*b/R modulo m, and below 2m.
func checkProduct(t *testing.T, got []uint64, a, b, m *big.Int, shift uint) {
	t.Helper()
	words := make([]uint64, len(got))
	packLimbs(words, got)
	raw := make([]byte, 8*len(words))
	bytesOf(raw, words)
	x := new(big.Int).SetBytes(raw)
	for i, limb := range got {
		if limb > limbMask {
			t.Fatalf("limb %d is not carried: %x", i, limb)
		}
	}
	if x.Cmp(new(big.Int).Lsh(m, 1)) >= 0 {
		t.Fatalf("%x*%x is %x, which is not below twice %x", a, b, x, m)
	}
	x.Lsh(x, shift).Sub(x, new(big.Int).Mul(a, b))
	if x.Mod(x, m).Sign() != 0 {
		t.Fatalf("%x*%x modulo %x is wrong", a, b, m)
	}
}

func checkPair(t *testing.T, rawA, rawB, rawM []byte) {
	var a, b, m, out pair
	var k0 [2]uint64
	var numbers [2][3]*big.Int
	for i := range numbers {
		numbers[i] = [3]*big.Int{below(rawA, 1026-i, false), below(rawB, 1025+i, false), below(rawM, 1024, true)}
		rawA, rawB = rawB, rawA // the other half is another product
		setBig(a[i][:halfLimbs], numbers[i][0])
		setBig(b[i][:halfLimbs], numbers[i][1])
		setBig(m[i][:halfLimbs], numbers[i][2])
		k0[i] = negativeInverse(m[i][0])
	}
	multiply2(&out, &a, &b, &m, &k0)
	for i, n := range numbers {
		checkProduct(t, out[i][:], n[0], n[1], n[2], halfLimbs*limbBits)
	}
}

func checkWide(t *testing.T, rawA, rawB, rawM []byte) {
	var a, b, m, out wide
	x, y, n := below(rawA, 2049, false), below(rawB, 2049, false), below(rawM, 2048, true)
	setBig(a[:wideLimbs], x)
	setBig(b[:wideLimbs], y)
	setBig(m[:wideLimbs], n)
	multiply1(&out, &a, &b, &m, negativeInverse(m[0]))
	checkProduct(t, out[:], x, y, n, wideLimbs*limbBits)
}

func TestMultiply_AgreesWithMathBig(t *testing.T) {
	need(t)
	random := mathrand.NewChaCha8([32]byte{1})
	for range 1500 {
		var raw [3][260]byte
		for i := range raw {
			random.Read(raw[i][:])
			if edge := mathrand.IntN(4); edge == 0 { // long runs of ones are what carries ripple through
				for j := range raw[i] {
					raw[i][j] = 0xff
				}
				raw[i][mathrand.IntN(260)] = byte(mathrand.IntN(256))
			}
		}
		checkPair(t, raw[0][:], raw[1][:], raw[2][:])
		checkWide(t, raw[0][:], raw[1][:], raw[2][:])
	}
}

func TestChoose_TakesEachHalfByItsOwnIndex(t *testing.T) {
	need(t)
	var table [windows]pair
	for i := range table {
		for j := range halfLanes {
			table[i][0][j], table[i][1][j] = uint64(100*i+j), uint64(10000+100*i+j)
		}
	}
	for p := range uint64(windows) {
		for q := range uint64(windows) {
			var got pair
			choose2(&got, &table, p, q)
			if got[0] != table[p][0] || got[1] != table[q][1] {
				t.Fatalf("%d and %d give %d and %d", p, q, got[0][0]/100, (got[1][0]-10000)/100)
			}
		}
	}
}
