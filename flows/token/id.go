package token

import (
	"crypto/rand"
	"time"

	"tollgate/flows/oauth"
)

const (
	tokenIDSize = idSize + 6 + 10 // grant | Unix milliseconds | random
	tokenIDText = 43
)

// NewTokenID returns a fresh jti for a token of the grant, issued now. A malformed grant id is a
// fault of the caller and panics.
func NewTokenID(g oauth.GrantID, now time.Time) oauth.TokenID {
	var raw [tokenIDSize]byte
	putGrant(raw[:], g)
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		raw[idSize+i] = byte(ms >> (40 - 8*i))
	}
	rand.Read(raw[idSize+6:])
	var text [tokenIDText]byte
	b64.Encode(text[:], raw[:])
	return oauth.TokenID(text[:])
}

// ParseTokenID returns the grant and the moment of issue (UTC, milliseconds) that a jti names,
// and false for anything that is not one in its only spelling.
func ParseTokenID(id oauth.TokenID) (g oauth.GrantID, issued time.Time, ok bool) {
	raw, ok := decodeTokenID(id)
	if !ok {
		return "", time.Time{}, false
	}
	return grantID(raw[:idSize]), issuedOf(&raw), true
}

func decodeTokenID(id oauth.TokenID) (raw [tokenIDSize]byte, ok bool) {
	if len(id) != tokenIDText {
		return raw, false
	}
	var text [tokenIDText]byte
	copy(text[:], id)
	n, err := b64.Decode(raw[:], text[:])
	return raw, err == nil && n == tokenIDSize
}

// issuedOf is the moment that a token id names.
func issuedOf(raw *[tokenIDSize]byte) time.Time {
	var ms uint64
	for _, b := range raw[idSize : idSize+6] {
		ms = ms<<8 | uint64(b)
	}
	return time.UnixMilli(int64(ms)).UTC()
}
