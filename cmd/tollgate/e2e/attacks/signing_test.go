//go:build attacks

package attacks

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

var b64 = base64.RawURLEncoding

// signingKey signs whatever it is given, as no server would.
type signingKey struct{ private crypto.Signer }

// strangersKey is one that no server of ours knows.
var strangersKey = sync.OnceValue(func() signingKey {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return signingKey{private}
})

// sign makes a JWS of a header and claims as they stand, by the algorithm that is the key's own.
func (k signingKey) sign(header, claims string) string {
	input := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(input))
	var sig []byte
	var err error
	switch private := k.private.(type) {
	case *rsa.PrivateKey:
		sig, err = rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:])
	case ed25519.PrivateKey:
		sig = ed25519.Sign(private, []byte(input))
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(rand.Reader, private, sum[:]); err == nil {
			sig = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
	if err != nil {
		panic(err)
	}
	return input + "." + b64.EncodeToString(sig)
}

// signPSS is sign by the other of the two algorithms that an RSA key can do.
func (k signingKey) signPSS(header, claims string) string {
	input := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPSS(rand.Reader, k.private.(*rsa.PrivateKey), crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	if err != nil {
		panic(err)
	}
	return input + "." + b64.EncodeToString(sig)
}

// serversKey is the key that a token was signed with, out of Redis: whoever has the master key, as
// this test, opens it. No attacker has; but what is read of claims shows only under a good signature.
func (x *trial) serversKey(kid string) signingKey {
	x.Helper()
	text, err := os.ReadFile(filepath.Join(x.node.Dir(), "master.key"))
	if err != nil {
		x.Fatal(err)
	}
	master, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		x.Fatal(err)
	}
	var stored []struct {
		KID    string
		Alg    string
		Sealed []byte
	}
	if err := json.Unmarshal([]byte(x.hget(x.prefix+":keys", "keys")), &stored); err != nil {
		x.Fatal(err)
	}
	for _, k := range stored {
		if k.KID != kid {
			continue
		}
		block, err := aes.NewCipher(master)
		if err != nil {
			x.Fatal(err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			x.Fatal(err)
		}
		der, err := aead.Open(nil, nil, k.Sealed, []byte(k.KID+"|"+k.Alg))
		if err != nil {
			x.Fatal(err)
		}
		private, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			x.Fatal(err)
		}
		return signingKey{private.(crypto.Signer)}
	}
	x.Fatalf("Redis holds no key %s", kid)
	return signingKey{}
}

// otherSpelling is an ECDSA token whose signature is the other one of the two that verify.
func otherSpelling(token string) string {
	at := strings.LastIndexByte(token, '.')
	sig, err := b64.DecodeString(token[at+1:])
	if err != nil || len(sig) != 64 {
		return token
	}
	s := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(sig[32:]))
	return token[:at+1] + b64.EncodeToString(append(sig[:32:32], s.FillBytes(make([]byte, 32))...))
}
