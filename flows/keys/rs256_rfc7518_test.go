package keys

import (
	"crypto/sha256"
	"testing"

	"tollgate/flows/oauth"
)

func TestRS256_IsTheSameEitherWay(t *testing.T) {
	k, err := Generate(oauth.RS256)
	if err != nil {
		t.Fatal(err)
	}
	anywhere := *k
	anywhere.rs256 = &rs256{anywhere: k.rs256.anywhere}
	digest := sha256.Sum256([]byte("header.claims"))
	want, err := anywhere.AppendRS256(nil, &digest)
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.AppendRS256(nil, &digest)
	if err != nil || string(got) != string(want) {
		t.Errorf("got %x, %v, want %x", got, err, want)
	}
	other := sha256.Sum256([]byte("header.other"))
	for name, key := range map[string]*Key{"here": k, "anywhere": &anywhere} {
		if !key.VerifyRS256(&digest, got) || key.VerifyRS256(&other, got) {
			t.Errorf("%s: a good signature is refused, or one of something else is not", name)
		}
	}
}
