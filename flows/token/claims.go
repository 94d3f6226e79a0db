package token

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-json/v2"

	"tollgate/flows/oauth"
)

// claims are all members that we ever sign, as they stand in the JSON. Others are ignored (RFC
// 7519 4). The decoder refuses duplicate members, other spellings of a name, a list for aud,
// fractions and exponents in numbers, invalid UTF-8 and anything behind the object.
type claims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	ClientID  string `json:"client_id"`
	Expires   int64  `json:"exp"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	ID        string `json:"jti"`
	Scope     string `json:"scope"`
	SessionID string `json:"sid"`
	AuthTime  int64  `json:"auth_time"`
	Nonce     string `json:"nonce"`
	AtHash    string `json:"at_hash"`
}

func parseClaims(payload []byte) (*claims, error) {
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	return &c, nil
}

// checkAccess says whether an access token's claims are whole (RFC 9068 2.2) and agree with each
// other, and fills in what its id says.
func checkAccess(a *Access) error {
	id, err := checkWhole(a)
	if err == nil {
		a.Grant, a.IssuedAtMS = grantID(id[:idSize]), issuedOf(&id).UnixMilli()
	}
	return err
}

// checkWhole is checkAccess without filling in. It returns the bytes of the id.
func checkWhole(a *Access) (id [tokenIDSize]byte, err error) {
	for _, c := range []struct {
		name, text string
		needed     bool
	}{
		{"iss", a.Issuer, true}, {"sub", a.Subject, true}, {"aud", a.Audience, true},
		{"client_id", a.ClientID, true}, {"scope", a.Scope, false}, {"sid", a.SessionID, false},
	} {
		if err := checkText(c.name, c.text, c.needed); err != nil {
			return id, err
		}
	}
	id, ok := decodeTokenID(a.ID)
	switch {
	case !ok:
		return id, errors.New("claims: jti is malformed")
	case issuedOf(&id).Unix() != a.IssuedAt:
		return id, errors.New("claims: iat and jti disagree")
	}
	return id, checkTimes(a.IssuedAt, a.Expires)
}

// checkID does the same for an id_token (OIDC Core 2).
func checkID(c *IDClaims) error {
	for _, c := range []struct {
		name, text string
		needed     bool
	}{
		{"iss", c.Issuer, true}, {"sub", c.Subject, true}, {"aud", c.Audience, true},
		{"nonce", c.Nonce, false}, {"at_hash", c.AtHash, false}, {"sid", c.SessionID, false},
	} {
		if err := checkText(c.name, c.text, c.needed); err != nil {
			return err
		}
	}
	return checkTimes(c.IssuedAt, c.Expires)
}

// checkText refuses what must never reach a header, a log or a key of the store. Invalid UTF-8
// would come back as other bytes than those that were signed in.
func checkText(name, text string, needed bool) error {
	if needed && text == "" {
		return fmt.Errorf("claims: %s is missing", name)
	}
	for i := range len(text) {
		if text[i] < 0x20 || text[i] == 0x7f {
			return fmt.Errorf("claims: %s has a control character", name)
		}
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("claims: %s is not UTF-8", name)
	}
	return nil
}

// checkTimes wants 0 < iat < exp, which also keeps every later sum and difference from overflow.
func checkTimes(issued, expires int64) error {
	if issued <= 0 || expires <= issued {
		return errors.New("claims: iat and exp are not in order")
	}
	return nil
}

// access returns the claims of an access token.
func (c *claims) access() *Access {
	return &Access{
		Issuer: c.Issuer, Subject: c.Subject, Audience: c.Audience, ClientID: c.ClientID,
		Scope: c.Scope, SessionID: c.SessionID, ID: oauth.TokenID(c.ID),
		IssuedAt: c.IssuedAt, Expires: c.Expires,
	}
}

// id returns the claims of an id_token.
func (c *claims) id() *IDClaims {
	return &IDClaims{
		Issuer: c.Issuer, Subject: c.Subject, Audience: c.Audience, Nonce: c.Nonce,
		AtHash: c.AtHash, SessionID: c.SessionID, AuthTime: c.AuthTime,
		IssuedAt: c.IssuedAt, Expires: c.Expires,
	}
}
