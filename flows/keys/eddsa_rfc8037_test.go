package keys

import (
	"crypto/ed25519"
	"testing"

	"tollgate/flows/oauth"
)

func TestEdDSA_IsTheSameEitherWay(t *testing.T) {
	k, err := Generate(oauth.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	anywhere := *k
	anywhere.eddsa = nil
	message := []byte("header.claims")
	want, err := anywhere.AppendEdDSA(nil, message)
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.AppendEdDSA(nil, message)
	if err != nil || string(got) != string(want) {
		t.Errorf("got %x, %v, want %x", got, err, want)
	}
	if !ed25519.Verify(k.Public.(ed25519.PublicKey), message, got) {
		t.Error("it does not verify")
	}
}
