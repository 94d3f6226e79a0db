package token

import (
	"testing"

	"tollgate/flows/oauth"
)

func TestJWS_SignsAndVerifiesTheVectors(t *testing.T) {
	for _, file := range []string{"testdata/rfc7515/a2.json", "testdata/rfc7515/a3.json", "testdata/rfc8037/a4.json"} {
		v := readVector(t, file)
		t.Run(v.Source, func(t *testing.T) {
			k, sig := v.key(t), octets(t, v.Signature)
			if err := verify(k, []byte(v.Input), sig); err != nil {
				t.Errorf("the RFC's signature: %v", err)
			}
			own, err := appendSignature(nil, k, []byte(v.Input))
			if err != nil {
				t.Fatal(err)
			}
			if v.Alg != oauth.ES256 && b64.EncodeToString(own) != v.Signature { // ECDSA is randomised
				t.Errorf("our signature differs from the RFC's: %x", own)
			}
			if err := verify(k, []byte(v.Input), own); err != nil || len(own) != len(sig) {
				t.Errorf("our own signature of %d bytes: %v", len(own), err)
			}
			if verify(k, []byte(v.Input+"x"), sig) == nil {
				t.Error("another message is accepted")
			}
		})
	}
}

func TestJWS_RefusesEveryFlippedBitOfASignature(t *testing.T) {
	f := newFixture(t)
	input := []byte("header.payload")
	for _, alg := range oauth.Algs() {
		k := f.set.Active(alg)
		sig, err := appendSignature(nil, k, input)
		if err != nil {
			t.Fatal(err)
		}
		for i := range sig {
			sig[i] ^= 1 << (i % 8)
			if verify(k, input, sig) == nil {
				t.Errorf("%s: byte %d", alg, i)
			}
			sig[i] ^= 1 << (i % 8)
		}
	}
}

func TestJWS_ECDSASignaturesAreAlways64Bytes(t *testing.T) {
	k := newFixture(t).set.Active(oauth.ES256)
	for i := range 600 { // one in 256 has an r with a leading zero, as many an s
		sig, err := appendSignature(nil, k, []byte{byte(i), byte(i >> 8)})
		if err != nil || len(sig) != 64 {
			t.Fatalf("%d bytes, %v", len(sig), err)
		}
		if err := verify(k, []byte{byte(i), byte(i >> 8)}, sig); err != nil {
			t.Fatal(err)
		}
	}
	for _, der := range []string{"", "\x30\x00", "\x30\x06\x02\x01\x01\x02\x01", "\x30\x06\x02\x01\x01\x02\x01\x01x"} {
		if _, err := appendRaw(nil, []byte(der)); err == nil {
			t.Errorf("malformed DER %x is accepted", der)
		}
	}
}
