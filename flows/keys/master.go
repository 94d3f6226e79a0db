package keys

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const masterKeySize = 32 // AES-256

// Master is the ring of master keys: the first seals, every one of them opens. To replace a
// master key, put the new one above the old on every node. The old line can go once the signing
// keys were saved again (the next rotation does that) and no refresh token is left whose MAC was
// made with a subkey of it (refresh_ttl at the most).
type Master struct{ ring []masterKey }

type masterKey struct {
	raw  []byte
	aead cipher.AEAD
}

// NewMasterKey returns a fresh master key as one line for a key file: 32 random bytes, base64.
func NewMasterKey() string {
	raw := make([]byte, masterKeySize)
	rand.Read(raw) // never fails: crypto/rand ends the process first
	return base64.StdEncoding.EncodeToString(raw)
}

// ParseMaster reads a key file: one master key per line, 32 bytes as base64 (standard or URL
// alphabet, padded or not). Empty lines and lines that start with # do not count. Errors name the
// line, never what stands in it.
func ParseMaster(text []byte) (*Master, error) {
	var raws [][]byte
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		raw, err := parseMasterKey(line)
		if err != nil {
			return nil, fmt.Errorf("master key in line %d: %w", number, err)
		}
		raws = append(raws, raw)
	}
	if len(raws) == 0 {
		return nil, errors.New("no master key found: make one with `tollgate key new-master`")
	}
	return newMaster(raws...)
}

func parseMasterKey(line string) ([]byte, error) {
	line = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(line, "="))
	raw, err := base64.RawURLEncoding.Strict().DecodeString(line)
	switch {
	case err != nil:
		return nil, errors.New("is not base64")
	case len(raw) != masterKeySize:
		return nil, fmt.Errorf("has %d bytes, want %d", len(raw), masterKeySize)
	case bytes.Equal(raw, publicDevKey()):
		return nil, errors.New("is the development key that everybody knows")
	case bytes.Count(raw, raw[:1]) == masterKeySize:
		return nil, errors.New("is one byte repeated, not a random key")
	}
	return raw, nil
}

// DevMaster returns the master key of dev mode. It is PUBLIC: it stands in this source, so that
// all dev nodes on one Redis can open each other's signing keys. ParseMaster refuses it.
func DevMaster() *Master {
	m, err := newMaster(publicDevKey())
	if err != nil {
		panic(err) // a fixed key of the right size
	}
	return m
}

func publicDevKey() []byte {
	key := sha256.Sum256([]byte("tollgate dev: everybody knows this master key"))
	return key[:]
}

func newMaster(raws ...[]byte) (*Master, error) {
	m := &Master{}
	for _, raw := range raws {
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("master key: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("master key: %w", err)
		}
		m.ring = append(m.ring, masterKey{raw: raw, aead: aead})
	}
	return m, nil
}

// Seal encrypts clear under the first master key: nonce (12) | ciphertext | tag (16). The same
// aad must be given to Open.
func (m *Master) Seal(clear []byte, aad string) []byte {
	return m.ring[0].aead.Seal(nil, nil, clear, []byte(aad))
}

// Open decrypts what any key of the ring has sealed.
func (m *Master) Open(sealed []byte, aad string) ([]byte, error) {
	clear, _, err := m.open(sealed, aad)
	return clear, err
}

// open also says which key of the ring it was.
func (m *Master) open(sealed []byte, aad string) ([]byte, int, error) {
	for i, k := range m.ring {
		if clear, err := k.aead.Open(nil, nil, sealed, []byte(aad)); err == nil {
			return clear, i, nil
		}
	}
	return nil, 0, errors.New("no master key opens it")
}

// Derive returns one 32-byte subkey for the purpose out of every master key, in the ring's order
// (HKDF-SHA256, RFC 5869). Whoever authenticates with them uses the first and accepts all.
func (m *Master) Derive(purpose string) [][]byte {
	subkeys := make([][]byte, len(m.ring))
	for i, k := range m.ring {
		sub, err := hkdf.Key(sha256.New, k.raw, nil, "tollgate/"+purpose, sha256.Size)
		if err != nil {
			panic(err) // only a length beyond 255 hashes fails
		}
		subkeys[i] = sub
	}
	return subkeys
}

// String keeps master keys out of logs.
func (m *Master) String() string { return "<secret>" }

// GoString keeps them out of %#v.
func (m *Master) GoString() string { return "<secret>" }
