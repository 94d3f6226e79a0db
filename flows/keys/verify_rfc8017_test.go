package keys

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	mathrand "math/rand/v2"
	"testing"
)

// keysOfSizes are of the usual size, of one whose highest byte is nearly empty, and of a larger one.
func keysOfSizes(t testing.TB) []*rsa.PrivateKey {
	t.Helper()
	var all []*rsa.PrivateKey
	for _, bits := range []int{2048, 2049, 3072} {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
	}
	return all
}

// rawSign is what the holder of the key makes of any encoded message, a malformed one included.
func rawSign(k *rsa.PrivateKey, encoded []byte) []byte {
	m := new(big.Int).SetBytes(encoded)
	return m.Exp(m, k.D, k.N).FillBytes(make([]byte, k.Size()))
}

// agree fails the test where the verifier and crypto/rsa differ, and returns what both say.
func agree(t *testing.T, what string, k *rsa.PrivateKey, digest [sha256.Size]byte, sig []byte) bool {
	t.Helper()
	v, err := newRSAVerifier(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	got := v.verify(&digest, sig)
	if want := rsa.VerifyPKCS1v15(&k.PublicKey, crypto.SHA256, digest[:], sig) == nil; got != want {
		t.Errorf("%d bits, %s: verify = %v, crypto/rsa says %v", k.N.BitLen(), what, got, want)
	}
	return got
}

func TestRSAVerifier_AnswersAsCryptoRSA(t *testing.T) {
	for _, k := range keysOfSizes(t) {
		digest := sha256.Sum256([]byte("header.claims"))
		sig, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		if !agree(t, "a good one", k, digest, sig) {
			t.Error("a good signature is refused")
		}
		v, _ := newRSAVerifier(&k.PublicKey)
		encoded := append(append([]byte{}, v.padding...), digest[:]...)
		for i := range encoded { // the ends of the padding, a sample between, the DER and the digest
			if i > 4 && i < len(v.padding)-len(sha256Info)-4 && i%16 != 0 {
				continue
			}
			bent := append([]byte{}, encoded...)
			bent[i] ^= 1 << mathrand.IntN(8)
			if new(big.Int).SetBytes(bent).Cmp(k.N) < 0 && agree(t, "an encoding with a flipped bit", k, digest, rawSign(k, bent)) {
				t.Errorf("accepted with byte %d of the encoding changed", i)
			}
		}
		s := new(big.Int).SetBytes(sig)
		size := k.Size()
		for what, other := range map[string][]byte{
			"nothing":            nil,
			"zero":               make([]byte, size),
			"one":                big.NewInt(1).FillBytes(make([]byte, size)),
			"the modulus":        k.N.FillBytes(make([]byte, size)),
			"the modulus less 1": new(big.Int).Sub(k.N, big.NewInt(1)).FillBytes(make([]byte, size)),
			"N - s":              new(big.Int).Sub(k.N, s).FillBytes(make([]byte, size)),
			"s + N":              new(big.Int).Add(k.N, s).FillBytes(make([]byte, size+1)),
			"a zero in front":    append([]byte{0}, sig...),
			"a byte short":       sig[1:],
			"a byte behind":      append(append([]byte{}, sig...), 0),
		} {
			if agree(t, what, k, digest, other) {
				t.Errorf("accepted: %s", what)
			}
		}
		other := sha256.Sum256([]byte("header.others"))
		if agree(t, "another digest", k, other, sig) {
			t.Error("accepted for another message")
		}
	}
}

// Forged without the private key where a verifier parses what it decrypts: exponent 3, and garbage
// behind a short padding (Bleichenbacher 2006; CVE-2006-4339).
func TestRSAVerifier_ForgedCubeRoot(t *testing.T) {
	var k *rsa.PrivateKey
	for {
		p, err := rand.Prime(rand.Reader, 1024)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, 1024)
		if err != nil {
			t.Fatal(err)
		}
		if n := new(big.Int).Mul(p, q); n.BitLen() == 2048 {
			k = &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: 3}}
			break
		}
	}
	digest := sha256.Sum256([]byte("forged"))
	head := append(append([]byte{0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, sha256Info...), digest[:]...)
	forged := append(head, make([]byte, k.Size()-len(head))...)
	for i := len(head); i < len(forged); i++ {
		forged[i] = 0xff
	}
	root := cubeRoot(new(big.Int).SetBytes(forged))
	cube := new(big.Int).Exp(root, big.NewInt(3), nil).FillBytes(make([]byte, k.Size()))
	if string(cube[:len(head)]) != string(head) {
		t.Fatal("the forgery is not one: its cube does not begin as a signature does")
	}
	if agree(t, "a forged cube root", k, digest, root.FillBytes(make([]byte, k.Size()))) {
		t.Error("a forged cube root is accepted")
	}
}

// cubeRoot is the greatest whose cube is not above n.
func cubeRoot(n *big.Int) *big.Int {
	low, high := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), uint(n.BitLen()/3+1))
	for low.Cmp(high) < 0 {
		middle := new(big.Int).Add(low, high)
		middle.Add(middle, big.NewInt(1)).Rsh(middle, 1)
		if new(big.Int).Exp(middle, big.NewInt(3), nil).Cmp(n) <= 0 {
			low = middle
		} else {
			high = middle.Sub(middle, big.NewInt(1))
		}
	}
	return low
}

// fixedKey is the same in every process that fuzzes.
func fixedKey(f *testing.F) *rsa.PrivateKey {
	f.Helper()
	source := mathrand.NewChaCha8([32]byte{1})
	var primes []*big.Int
	for len(primes) < 2 {
		text := make([]byte, 128)
		source.Read(text)
		text[0], text[127] = text[0]|0xc0, text[127]|1
		if p := new(big.Int).SetBytes(text); p.ProbablyPrime(20) {
			primes = append(primes, p)
		}
	}
	one := big.NewInt(1)
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(primes[0], primes[1]), E: 65537}, Primes: primes}
	k.D = new(big.Int).ModInverse(big.NewInt(int64(k.E)), new(big.Int).Mul(new(big.Int).Sub(primes[0], one), new(big.Int).Sub(primes[1], one)))
	if err := k.Validate(); err != nil {
		f.Fatal(err)
	}
	return k
}

func FuzzRSAVerifier(f *testing.F) {
	k := fixedKey(f)
	digest := sha256.Sum256([]byte("header.claims"))
	sig, err := rsa.SignPKCS1v15(nil, k, crypto.SHA256, digest[:])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sig, []byte("header.claims"), false)
	f.Add(sig, []byte("header.others"), false)
	f.Add([]byte{0, 1, 0xff, 0}, []byte("header.claims"), true)
	f.Fuzz(func(t *testing.T, b, message []byte, encoded bool) {
		digest := sha256.Sum256(message)
		if encoded { // b is an encoded message, which the key's holder signs as it stands
			b = rawSign(k, new(big.Int).Mod(new(big.Int).SetBytes(b), k.N).Bytes())
		}
		agree(t, "fuzzed", k, digest, b)
	})
}
