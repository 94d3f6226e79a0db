package eddsa

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	mathrand "math/rand/v2"
	"testing"

	"filippo.io/edwards25519"
)

// need ends a test where the processor cannot do what is tested: there crypto/ed25519 is what runs.
func need(t testing.TB) {
	t.Helper()
	if !supported {
		t.Skip("this processor has no AVX-512 IFMA")
	}
}

func newKey(t testing.TB) (ed25519.PrivateKey, *Signer) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := NewSigner(key)
	if !ok {
		t.Fatal("a key is not taken")
	}
	return key, s
}

func TestSign_IsByteForByteWhatCryptoEd25519Signs(t *testing.T) {
	need(t)
	for range 40 {
		key, s := newKey(t)
		for _, size := range []int{0, 1, 31, 100, 500, usual - 64, usual, 5000} {
			message := make([]byte, size)
			rand.Read(message)
			got := s.AppendSign([]byte("before"), message)
			if want := append([]byte("before"), ed25519.Sign(key, message)...); !bytes.Equal(got, want) {
				t.Fatalf("%d bytes: got %x, want %x", size, got, want)
			}
		}
	}
}

func TestSign_ManyMessages(t *testing.T) {
	need(t)
	key, s := newKey(t)
	for n := range 4000 {
		message := binary.BigEndian.AppendUint64(nil, uint64(n))
		if got, want := s.AppendSign(nil, message), ed25519.Sign(key, message); !bytes.Equal(got, want) {
			t.Fatalf("message %d: got %x, want %x", n, got, want)
		}
	}
}

// checkBase holds a multiple of the base point to edwards25519's.
func checkBase(t *testing.T, wide []byte) {
	t.Helper()
	s, err := edwards25519.NewScalar().SetUniformBytes(wide)
	if err != nil {
		t.Fatal(err)
	}
	want := new(edwards25519.Point).ScalarBaseMult(s).Bytes()
	if got := appendBase(nil, (*[encodedLen]byte)(s.Bytes())); !bytes.Equal(got, want) {
		t.Fatalf("%x times the base point: got %x, want %x", s.Bytes(), got, want)
	}
}

func TestBase_AtTheEdges(t *testing.T) {
	need(t)
	for bit := range 253 { // powers of two, and what is next to them and to the order
		for _, add := range []int{-1, 0, 1} {
			wide := make([]byte, 64)
			wide[bit/8] = 1 << (bit % 8)
			power, _ := edwards25519.NewScalar().SetUniformBytes(wide)
			one, _ := edwards25519.NewScalar().SetUniformBytes(append([]byte{1}, make([]byte, 63)...))
			switch add {
			case -1:
				power.Subtract(power, one)
			case 1:
				power.Add(power, one)
			}
			checkBase(t, append(power.Bytes(), make([]byte, 32)...))
			checkBase(t, append(power.Negate(power).Bytes(), make([]byte, 32)...))
		}
	}
}

// TestBase_OfNothing is the neutral point, which no formula may stumble over.
func TestBase_OfNothing(t *testing.T) {
	need(t)
	want := append([]byte{1}, make([]byte, 31)...)
	if got := appendBase(nil, new([encodedLen]byte)); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestLane_SpellsWhatLimbsMean takes limbs as full as they come.
func TestLane_SpellsWhatLimbsMean(t *testing.T) {
	random := mathrand.New(mathrand.NewPCG(1, 2))
	for range 1000 {
		var p, q point
		for k := range limbs {
			p[k][laneX] = random.Uint64() % (1<<limbBits + 1<<15)
			if random.IntN(3) == 0 {
				p[k][laneX] = 1<<limbBits + 1<<15 - 1
			}
		}
		var e, want, term fieldElement
		weight := one()
		for k := range limbs {
			for range limbBits * min(k, 1) {
				weight.Add(weight, weight)
			}
			term.Multiply(weight, small(p[k][laneX]))
			want.Add(&want, &term)
		}
		if p.lane(laneX, &e).Equal(&want) != 1 {
			t.Fatalf("%x is %x, want %x", p, e.Bytes(), want.Bytes())
		}
		q.setLane(laneX, &e)
		var again fieldElement
		if q.lane(laneX, &again).Equal(&want) != 1 {
			t.Fatalf("%x there and back is %x", e.Bytes(), again.Bytes())
		}
	}
}

func FuzzBase(f *testing.F) {
	need(f)
	f.Add(make([]byte, 64))
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, wide []byte) {
		if len(wide) == 64 {
			checkBase(t, wide)
		}
	})
}
