package token

import (
	"crypto/sha256"
	"crypto/sha512"
	"strconv"

	"tollgate/flows/keys"
	"tollgate/flows/oauth"
)

// IDClaims are the claims of an id_token (OIDC Core 2). What a person is called stands in
// /userinfo only: an id_token travels in addresses and logs.
type IDClaims struct {
	Issuer    string
	Subject   string
	Audience  string // the client id
	Nonce     string // "" where the request had none
	AtHash    string // "" where no access token comes with it
	SessionID string // "" where there is no login
	AuthTime  int64  // Unix seconds; 0 where there is no login
	IssuedAt  int64  // Unix seconds
	Expires   int64  // Unix seconds
}

// MintID signs an id_token. Claims that Verifier.IDHint would refuse are refused here.
func MintID(k *keys.Key, c *IDClaims) (string, error) {
	if err := checkID(c); err != nil {
		return "", err
	}
	var room [typicalClaims]byte
	return mint(k, k.IDHeader, appendID(room[:0], c))
}

// appendID writes the claims in a fixed order, without the empty ones.
func appendID(dst []byte, c *IDClaims) []byte {
	dst = appendText(append(dst, `{"iss":`...), c.Issuer)
	dst = appendText(append(dst, `,"sub":`...), c.Subject)
	dst = appendText(append(dst, `,"aud":`...), c.Audience)
	dst = strconv.AppendInt(append(dst, `,"exp":`...), c.Expires, 10)
	dst = strconv.AppendInt(append(dst, `,"iat":`...), c.IssuedAt, 10)
	if c.AuthTime != 0 {
		dst = strconv.AppendInt(append(dst, `,"auth_time":`...), c.AuthTime, 10)
	}
	if c.Nonce != "" {
		dst = appendText(append(dst, `,"nonce":`...), c.Nonce)
	}
	if c.AtHash != "" {
		dst = appendText(append(dst, `,"at_hash":`...), c.AtHash)
	}
	if c.SessionID != "" {
		dst = appendText(append(dst, `,"sid":`...), c.SessionID)
	}
	return append(dst, '}')
}

// AtHash binds an access token to the id_token beside it: the left half of the hash that belongs
// to the id_token's algorithm, base64url (OIDC Core 3.1.3.6). Ed25519 hashes with SHA-512.
func AtHash(alg oauth.Alg, accessToken string) string {
	if alg == oauth.EdDSA {
		sum := sha512.Sum512([]byte(accessToken))
		return b64.EncodeToString(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(accessToken))
	return b64.EncodeToString(sum[:len(sum)/2])
}
