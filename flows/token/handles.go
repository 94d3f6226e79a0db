package token

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// Kind is what a handle opens. Its value is the handle's prefix, so that a leaked one is
// recognised by eye and by secret scanners.
type Kind string

// The handles that name their grant.
const (
	Code    Kind = "tgc_" // authorization code
	Refresh Kind = "tgr_" // refresh token
)

const (
	idSize     = 16
	grantText  = 22
	secretSize = 32 // 256 bits: RFC 6749 10.10 asks for a guessing chance below 2^-160
	macSize    = 12
	handleSize = idSize + secretSize + macSize // no bits to spare in base64
	handleText = handleSize / 3 * 4
)

// b64 refuses set padding bits; who decodes checks lengths too, for it skips CR and LF.
var b64 = base64.RawURLEncoding.Strict()

// Handles makes and reads opaque handles:
//
//	prefix | base64url( grant id (16) | random (32) | HMAC-SHA256(prefix | grant id | random) (12 of 32) )
//
// They name the grant, which finds its records in one place, and a made-up one is refused
// without asking the store. The MAC is no protection of its own: the 256 random bits are.
type Handles struct{ macs []*keyedHash }

// NewHandles takes the MAC keys: the first makes handles, all of them are accepted.
func NewHandles(macKeys ...[]byte) *Handles {
	h := &Handles{}
	for _, key := range macKeys {
		h.macs = append(h.macs, newKeyedHash(key))
	}
	return h
}

// New returns a fresh handle of 84 characters for the grant. A malformed grant id is a fault of
// the caller and panics.
func (h *Handles) New(kind Kind, g oauth.GrantID) string {
	var raw [handleSize]byte
	putGrant(raw[:], g)
	rand.Read(raw[idSize : idSize+secretSize])
	sum := h.macs[0].sum(string(kind), raw[:idSize+secretSize])
	copy(raw[idSize+secretSize:], sum[:macSize])
	var text [handleText]byte
	b64.Encode(text[:], raw[:])
	return string(kind) + string(text[:])
}

// Parse returns the grant that a handle names and the hash under which it is stored. It says no
// to everything that New did not make, in any spelling but New's.
func (h *Handles) Parse(kind Kind, s string) (oauth.GrantID, store.Hash, bool) {
	if len(s) != len(kind)+handleText || s[:len(kind)] != string(kind) {
		return "", store.Hash{}, false
	}
	var (
		text [handleText]byte
		raw  [handleSize]byte
	)
	copy(text[:], s[len(kind):])
	if n, err := b64.Decode(raw[:], text[:]); err != nil || n != handleSize {
		return "", store.Hash{}, false
	}
	body, sum := raw[:idSize+secretSize], raw[idSize+secretSize:]
	for _, mac := range h.macs {
		if own := mac.sum(string(kind), body); hmac.Equal(sum, own[:macSize]) {
			return grantID(raw[:idSize]), HashOf(s), true
		}
	}
	return "", store.Hash{}, false
}

// NewSecret returns 32 random bytes as 43 characters of base64url: for cookies, interaction
// handles and client secrets.
func NewSecret() string {
	var raw [secretSize]byte
	rand.Read(raw[:])
	return b64.EncodeToString(raw[:])
}

// HashOf returns what is stored in place of a handle. Handles carry 256 random bits, so that a
// plain hash is enough.
func HashOf(s string) store.Hash { return sha256.Sum256([]byte(s)) }

// NewGrantID returns a fresh grant id. It never begins with a dash, nor does any token id of the
// grant: a command line would take it for a flag.
func NewGrantID() oauth.GrantID {
	var raw [idSize]byte
	for {
		rand.Read(raw[:])
		if id := grantID(raw[:]); id[0] != '-' {
			return id
		}
	}
}

// grantID names a grant by its 16 bytes.
func grantID(raw []byte) oauth.GrantID {
	var text [grantText]byte
	b64.Encode(text[:], raw)
	return oauth.GrantID(text[:])
}

// putGrant writes the 16 bytes of a grant id to the start of dst.
func putGrant(dst []byte, g oauth.GrantID) {
	var text [grantText]byte
	copy(text[:], g)
	if n, err := b64.Decode(dst[:idSize], text[:]); err != nil || n != idSize || len(g) != grantText {
		panic(fmt.Sprintf("token: malformed grant id %q", g))
	}
}
