package token

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tollgate/flows/keys"
)

// Why a JWT is not good. Nobody outside is told which.
var (
	// ErrInvalid: not a JWT that we signed, or not one for this purpose.
	ErrInvalid = errors.New("token: invalid")
	// ErrForeign: an ErrInvalid that shape and header tell, before a signature is looked at.
	ErrForeign = fmt.Errorf("%w: not of our making", ErrInvalid)
	// ErrExpired: good in everything else, but past its exp.
	ErrExpired = errors.New("token: expired")
	// ErrUnknownKey: shaped exactly like ours, under a key that this snapshot does not have.
	// Refresh the keys and try once more; then it is invalid.
	ErrUnknownKey = errors.New("token: unknown key")
)

const (
	defaultLeeway = 5 * time.Second
	maxLeeway     = 30 * time.Second // more would let an expired token live noticeably
)

// Expired is the ErrExpired of an access token: who it was for is as certain as of one that is good.
type Expired struct{ ClientID string }

func (e *Expired) Error() string { return ErrExpired.Error() }

// Unwrap is ErrExpired.
func (e *Expired) Unwrap() error { return ErrExpired }

// Verifier checks JWTs of this issuer. Set the fields once, then share it.
type Verifier struct {
	Issuer  string
	Keys    func() *keys.Set // nil before the first load: every token of ours is ErrUnknownKey then
	Now     func() time.Time
	Leeway  time.Duration // how long an expired token still passes; 0 = 5 s, at most 30 s
	Skew    time.Duration // how far in the future one may be issued, by a node whose clock is ahead; 0 = Leeway
	MaxLife time.Duration // exp further than this from iat is refused
}

// Access checks an access token (RFC 9068 4): shape first, then the key by its exact header, then
// the signature, and only then what it says. Audience, scope and revocation are the caller's to
// ask. The error is ErrInvalid, ErrExpired or ErrUnknownKey; the claims share no memory with tok.
func (v *Verifier) Access(tok []byte) (*Access, error) { return v.AccessBy(v.Keys(), tok) }

// AccessBy is Access with the keys of a snapshot, nil for none.
func (v *Verifier) AccessBy(set *keys.Set, tok []byte) (*Access, error) {
	c, err := v.signed(set, tok, true)
	if err != nil {
		return nil, err
	}
	a := c.access()
	a.Epoch = set.Epoch
	if err := checkAccess(a); err != nil {
		return nil, invalid(err)
	}
	now, leeway := v.Now(), v.leeway()
	latest := now.Add(max(v.Skew, leeway)).Unix() // compared as integers: a huge claim would overflow a time.Time
	switch {
	case a.Expires-a.IssuedAt > int64(v.MaxLife/time.Second):
		return nil, invalid(errors.New("claims: exp is too far from iat"))
	case a.IssuedAt > latest:
		return nil, invalid(errors.New("claims: iat lies in the future"))
	case c.NotBefore > latest:
		return nil, invalid(errors.New("claims: nbf lies in the future"))
	case a.Expires <= now.Add(-leeway).Unix():
		return nil, &Expired{a.ClientID}
	}
	return a, nil
}

// IDHint checks an id_token that comes back as id_token_hint: it must be ours, it may be expired
// (OIDC RP-Initiated Logout 2). The error is ErrInvalid or ErrUnknownKey.
func (v *Verifier) IDHint(tok []byte) (*IDClaims, error) {
	c, err := v.signed(v.Keys(), tok, false)
	if err != nil {
		return nil, err
	}
	id := c.id()
	if err := checkID(id); err != nil {
		return nil, invalid(err)
	}
	return id, nil
}

// signed returns the claims of a JWT that one of our keys has signed for this purpose.
func (v *Verifier) signed(set *keys.Set, tok []byte, access bool) (*claims, error) {
	first, second, ok := split(tok)
	if !ok {
		return nil, ErrForeign
	}
	k, err := findKey(set, tok[:first], access)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, 0, b64.DecodedLen(len(tok)-first))
	raw, err = b64.AppendDecode(raw, tok[second+1:])
	if err != nil {
		return nil, ErrInvalid
	}
	if err := verify(k, tok[:second], raw); err != nil {
		return nil, invalid(err)
	}
	raw, err = b64.AppendDecode(raw[:0], tok[first+1:second])
	if err != nil {
		return nil, ErrInvalid
	}
	c, err := parseClaims(raw)
	if err != nil {
		return nil, invalid(err)
	}
	if c.Issuer != v.Issuer {
		return nil, invalid(errors.New("claims: another issuer"))
	}
	return c, nil
}

// split finds the two dots. It refuses by size and by any byte that is not base64url, CR and LF
// among them, before anything is decoded.
func split(tok []byte) (first, second int, ok bool) {
	if len(tok) > MaxSize {
		return 0, 0, false
	}
	first = bytes.IndexByte(tok, '.')
	second = bytes.LastIndexByte(tok, '.')
	if first <= 0 || second <= first+1 || second == len(tok)-1 {
		return 0, 0, false
	}
	for i, c := range tok {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		case i == first, i == second:
		default:
			return 0, 0, false
		}
	}
	return first, second, true
}

// findKey finds the key by the header segment as a whole. Only a header that we could have written
// is worth looking for elsewhere.
func findKey(set *keys.Set, header []byte, access bool) (*keys.Key, error) {
	if set != nil {
		if k, forAccess, ok := set.ByHeader(header); ok && forAccess == access {
			return k, nil
		}
		if set.IsRevoked(header) {
			return nil, ErrForeign
		}
	}
	if keys.WrittenByUs(header, access) {
		return nil, ErrUnknownKey
	}
	return nil, ErrForeign
}

func (v *Verifier) leeway() time.Duration {
	if v.Leeway <= 0 {
		return defaultLeeway
	}
	return min(v.Leeway, maxLeeway)
}

// invalid keeps the reason for our own logs.
func invalid(reason error) error { return fmt.Errorf("%w: %w", ErrInvalid, reason) }

// IssuedAt is when a token says that it was issued, which nobody has verified; zero where it does not say
// so in the way that ours do.
func IssuedAt(tok []byte) time.Time {
	first, second, ok := split(tok)
	if !ok {
		return time.Time{}
	}
	var room [typicalClaims]byte
	claims, err := b64.AppendDecode(room[:0], tok[first+1:second])
	if err != nil {
		return time.Time{}
	}
	_, after, _ := bytes.Cut(claims, []byte(`,"iat":`))
	digits, _, _ := bytes.Cut(after, []byte(","))
	seconds, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
