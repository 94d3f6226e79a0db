package keys

import (
	"bytes"

	"tollgate/flows/oauth"
)

// The values of typ in the headers that we sign.
const (
	typeAccess = "at+jwt" // RFC 9068 2.1
	typeID     = "JWT"    // RFC 7519 5.1
)

const kidLength = 43 // SHA-256 as base64url

// The fixed parts of a header around alg, kid and typ.
const (
	headerAlg = `{"alg":"`
	headerKID = `","kid":"`
	headerTyp = `","typ":"`
	headerEnd = `"}`
)

// headerSegment returns a JOSE header as it stands in front of the first dot.
func headerSegment(alg oauth.Alg, kid, typ string) string {
	return b64.EncodeToString([]byte(headerAlg + string(alg) + headerKID + kid + headerTyp + typ + headerEnd))
}

// WrittenByUs reports whether a header segment has exactly the shape of those that Tollgate signs
// access tokens (or else id_tokens) under, whatever the key id. Only such a header, if ByHeader
// does not know it, is worth a look at the store.
func WrittenByUs(segment []byte, access bool) bool {
	var buf [128]byte
	if b64.DecodedLen(len(segment)) > len(buf) {
		return false
	}
	n, err := b64.Strict().Decode(buf[:], segment)
	if err != nil {
		return false
	}
	rest, ok := bytes.CutPrefix(buf[:n], []byte(headerAlg))
	if !ok {
		return false
	}
	alg, rest, ok := bytes.Cut(rest, []byte(headerKID))
	if !ok || !isAlg(alg) || len(rest) < kidLength || !isBase64URL(rest[:kidLength]) {
		return false
	}
	if access {
		return string(rest[kidLength:]) == headerTyp+typeAccess+headerEnd
	}
	return string(rest[kidLength:]) == headerTyp+typeID+headerEnd
}

func isAlg(name []byte) bool {
	switch oauth.Alg(name) {
	case oauth.RS256, oauth.ES256, oauth.EdDSA:
		return true
	}
	return false
}

func isBase64URL(s []byte) bool {
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}
