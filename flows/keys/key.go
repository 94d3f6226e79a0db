package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"

	"tollgate/flows/keys/eddsa"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

const rsaBits = 2048 // RFC 7518 3.3 demands at least this; larger keys sign three times slower

// Key is one signing key. It is immutable.
type Key struct {
	KID    string // RFC 7638 thumbprint: 43 characters of base64url
	Alg    oauth.Alg
	Signer crypto.Signer
	Public crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey, as Alg says

	// The only two header segments that are ever signed with this key, base64url as they stand
	// in front of the first dot.
	AccessHeader string // {"alg","kid","typ":"at+jwt"}, RFC 9068 2.1
	IDHeader     string // {"alg","kid","typ":"JWT"}

	jwk   string        // public, as a member of a JWKS
	rs256 *rs256        // nil but for RS256
	eddsa *eddsa.Signer // nil but for EdDSA, and where the processor leaves it to the Signer
}

// NewKey wraps a private key. It refuses one that does not belong to the algorithm: the size,
// the curve and the type are part of what a name like ES256 means (RFC 8725 3.1).
func NewKey(alg oauth.Alg, signer crypto.Signer) (*Key, error) {
	if err := checkBelongs(alg, signer.Public()); err != nil {
		return nil, err
	}
	members, err := jwkMembers(signer.Public())
	if err != nil {
		return nil, err
	}
	kid := thumbprint(members)
	k := &Key{
		KID:          kid,
		Alg:          alg,
		Signer:       signer,
		Public:       signer.Public(),
		AccessHeader: headerSegment(alg, kid, typeAccess),
		IDHeader:     headerSegment(alg, kid, typeID),
		jwk:          jwk(alg, kid, members),
	}
	if public, ok := k.Public.(*rsa.PublicKey); ok {
		k.rs256, err = newRS256(public, signer)
	}
	if private, ok := signer.(ed25519.PrivateKey); ok {
		k.eddsa, _ = eddsa.NewSigner(private)
	}
	return k, err
}

func checkBelongs(alg oauth.Alg, public crypto.PublicKey) error {
	ok := false
	switch key := public.(type) {
	case *rsa.PublicKey:
		ok = alg == oauth.RS256 && key.N.BitLen() >= rsaBits
	case *ecdsa.PublicKey:
		ok = alg == oauth.ES256 && key.Curve == elliptic.P256()
	case ed25519.PublicKey:
		ok = alg == oauth.EdDSA
	}
	if !ok {
		return fmt.Errorf("a %T cannot sign %s", public, alg)
	}
	return nil
}

// Generate makes a fresh key. RSA takes about 0.2 s: never call it under a lock. The id never
// begins with a dash: a command line would take it for a flag.
func Generate(alg oauth.Alg) (*Key, error) {
	for {
		if k, err := generate(alg); err != nil || k.KID[0] != '-' {
			return k, err
		}
	}
}

func generate(alg oauth.Alg) (*Key, error) {
	var signer crypto.Signer
	var err error
	switch alg {
	case oauth.RS256:
		signer, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case oauth.ES256:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case oauth.EdDSA:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("unknown algorithm %q", alg)
	}
	if err != nil {
		return nil, fmt.Errorf("generate signing key: %w", err)
	}
	return NewKey(alg, signer)
}

// String names the key without its private half, for logs.
func (k *Key) String() string { return string(k.Alg) + " " + k.KID }

// GoString does the same for %#v.
func (k *Key) GoString() string { return k.String() }

// SealKey returns the private key as it rests in the store: PKCS #8 under the first master key,
// bound to its id and algorithm, so that nobody can put it in another key's place.
func (m *Master) SealKey(k *Key) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.Signer)
	if err != nil {
		return nil, fmt.Errorf("seal signing key %s: %w", k.KID, err)
	}
	return m.Seal(der, sealedAs(k.KID, k.Alg)), nil
}

// OpenKey returns the key behind a stored record.
func (m *Master) OpenKey(r *store.SigningKey) (*Key, error) {
	der, err := m.Open(r.Sealed, sealedAs(r.KID, r.Alg))
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w: add the master key it was sealed with as a further line to keys.master_key_file, and restart this node", r.KID, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", r.KID, err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("signing key %s: a %T cannot sign", r.KID, private)
	}
	k, err := NewKey(r.Alg, signer)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", r.KID, err)
	}
	if k.KID != r.KID {
		return nil, fmt.Errorf("signing key %s: its thumbprint is %s", r.KID, k.KID)
	}
	return k, nil
}

func sealedAs(kid string, alg oauth.Alg) string { return kid + "|" + string(alg) }
