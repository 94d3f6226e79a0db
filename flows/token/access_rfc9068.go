package token

import (
	"errors"
	"strconv"
	"strings"
	"sync"

	"tollgate/flows/keys"
)

// MaxSize is how long a JWT of ours may be, in bytes. A longer one is neither made nor read: it
// would not fit the header limits of the gateways that carry it.
const MaxSize = 4096

// ErrTooLarge says that claims do not fit into MaxSize.
var ErrTooLarge = errors.New("token: larger than MaxSize")

// MintAccess signs an access token (RFC 9068 2). Grant, IssuedAtMS and Epoch of a are not used:
// they follow from its ID and the key. Claims that Verifier.Access would refuse are refused here.
func MintAccess(k *keys.Key, a *Access) (string, error) {
	if _, err := checkWhole(a); err != nil {
		return "", err
	}
	var room [typicalClaims]byte
	return mint(k, k.AccessHeader, appendAccess(room[:0], a))
}

// typicalClaims is room for nearly all claims; larger ones move to the heap.
const typicalClaims = 768

// appendAccess writes the claims in a fixed order. scope and sid are left out where they are empty.
func appendAccess(dst []byte, a *Access) []byte {
	dst = appendText(append(dst, `{"iss":`...), a.Issuer)
	dst = appendText(append(dst, `,"sub":`...), a.Subject)
	dst = appendText(append(dst, `,"aud":`...), a.Audience)
	dst = appendText(append(dst, `,"client_id":`...), a.ClientID)
	dst = strconv.AppendInt(append(dst, `,"exp":`...), a.Expires, 10)
	dst = strconv.AppendInt(append(dst, `,"iat":`...), a.IssuedAt, 10)
	dst = appendText(append(dst, `,"jti":`...), string(a.ID))
	if a.Scope != "" {
		dst = appendText(append(dst, `,"scope":`...), a.Scope)
	}
	if a.SessionID != "" {
		dst = appendText(append(dst, `,"sid":`...), a.SessionID)
	}
	return append(dst, '}')
}

// mint joins header and claims, signs them and returns the JWS in compact form (RFC 7515 7.1).
func mint(k *keys.Key, header string, claims []byte) (string, error) {
	buffer := drafts.Get().(*[]byte)
	defer drafts.Put(buffer)
	out := append(append((*buffer)[:0], header...), '.')
	out = b64.AppendEncode(out, claims)
	var room [maxSignature]byte
	sig, err := appendSignature(room[:0], k, out)
	if err != nil {
		return "", err
	}
	out = b64.AppendEncode(append(out, '.'), sig)
	*buffer = out
	if len(out) > MaxSize {
		return "", ErrTooLarge
	}
	return string(out), nil
}

// maxSignature is RSA-2048's, in bytes: only how much room is set aside.
const maxSignature = 256

// drafts are buffers that tokens are put together in.
var drafts = sync.Pool{New: func() any { buffer := make([]byte, 0, 1024); return &buffer }}

// appendText writes s as a JSON string (RFC 8259 7). checkText has seen it: it is valid UTF-8
// without control characters, so that only two characters need an escape.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	if strings.IndexByte(s, '"') < 0 && strings.IndexByte(s, '\\') < 0 { // as nearly always
		return append(append(dst, s...), '"')
	}
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}
