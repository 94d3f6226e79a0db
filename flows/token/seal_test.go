package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
)

// Nodes of two versions read what the other one sealed, so neither the key nor the form may change.
func TestSeal_IsAES256GCMUnderHKDFOfTheHandle(t *testing.T) {
	for _, handle := range []string{"", "tgr_handle", strings.Repeat("h", 500)} {
		key, err := hkdf.Key(sha256.New, []byte(handle), nil, "tollgate/purpose", 32)
		if err != nil {
			t.Fatal(err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := Seal(handle, "purpose", []byte("clear"))
		if err != nil {
			t.Fatal(err)
		}
		nonce, rest := sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():]
		if clear, err := gcm.Open(nil, nonce, rest, nil); string(clear) != "clear" {
			t.Errorf("handle of %d bytes: sealed %q, %v", len(handle), clear, err)
		}
		if clear, err := Open(handle, "purpose", gcm.Seal(slices.Clone(nonce), nonce, []byte("other"), nil)); string(clear) != "other" {
			t.Errorf("handle of %d bytes: opened %q, %v", len(handle), clear, err)
		}
	}
}
