package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"

	"tollgate/flows/oauth"
)

var b64 = base64.RawURLEncoding

// jwkMembers returns the members of a public key that make up its thumbprint, in the order that
// RFC 7638 3.2 asks for (RFC 7518 6, RFC 8037 2). Their values need no escaping.
func jwkMembers(public crypto.PublicKey) (string, error) {
	switch key := public.(type) {
	case *rsa.PublicKey:
		e := big.NewInt(int64(key.E)).Bytes()
		return `"e":"` + b64.EncodeToString(e) + `","kty":"RSA","n":"` + b64.EncodeToString(key.N.Bytes()) + `"`, nil
	case *ecdsa.PublicKey:
		point, err := key.Bytes() // 4 | x | y, SEC 1 2.3.3
		if err != nil {
			return "", fmt.Errorf("public key: %w", err)
		}
		x, y := point[1:len(point)/2+1], point[len(point)/2+1:]
		return `"crv":"` + key.Params().Name + `","kty":"EC","x":"` + b64.EncodeToString(x) + `","y":"` + b64.EncodeToString(y) + `"`, nil
	case ed25519.PublicKey:
		return `"crv":"Ed25519","kty":"OKP","x":"` + b64.EncodeToString(key) + `"`, nil
	default:
		return "", fmt.Errorf("public key: unknown type %T", public)
	}
}

// thumbprint hashes the members (RFC 7638 3.1).
func thumbprint(members string) string {
	sum := sha256.Sum256([]byte("{" + members + "}"))
	return b64.EncodeToString(sum[:])
}

// jwk renders one key of a JWKS (RFC 7517 4).
func jwk(alg oauth.Alg, kid, members string) string {
	return `{"alg":"` + string(alg) + `","kid":"` + kid + `","use":"sig",` + members + `}`
}

// jwks renders the set (RFC 7517 5) and its strong entity tag, quotes included.
func jwks(published []*Key) (doc []byte, etag string) {
	doc = append(doc, `{"keys":[`...)
	for i, k := range published {
		if i > 0 {
			doc = append(doc, ',')
		}
		doc = append(doc, k.jwk...)
	}
	doc = append(doc, `]}`...)
	sum := sha256.Sum256(doc)
	return doc, `"` + b64.EncodeToString(sum[:16]) + `"`
}
