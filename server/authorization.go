package server

import (
	"bytes"
	"encoding/base64"
	"strings"

	"tollgate/flows/clientauth"
	"tollgate/flows/oauth"
)

// errNoCredentials answers a request without any token: the challenge then carries no error
// attribute (RFC 6750 3.1).
var errNoCredentials = oauth.NewError(oauth.CodeUnauthenticated, "a bearer token is needed")

// authorization returns the one Authorization header, nil where there is none. Of two, a proxy in
// front may have checked the other one (RFC 9110 5.3).
func (r *request) authorization() ([]byte, error) {
	if r.head.authorizations > 1 {
		return nil, oauth.InvalidRequest("more than one Authorization header")
	}
	return r.http.Request.Header.PeekCanonical(headerAuthorization), nil
}

// bearer returns the token of an Authorization header (RFC 6750 2.1), for as long as the handler
// runs. Another scheme counts as no credentials at all.
func (r *request) bearer() ([]byte, error) {
	header, err := r.authorization()
	scheme, tok, found := bytes.Cut(header, []byte(" "))
	switch {
	case err != nil:
		return nil, err
	case !is(scheme, "bearer"):
		return nil, errNoCredentials
	case !found || len(tok) == 0 || bytes.IndexByte(tok, ' ') >= 0: // one space, one token
		return nil, oauth.InvalidToken()
	}
	return tok, nil
}

// clientCredentials gathers what the request says about its client (RFC 6749 2.3), without judging
// it. The strings are as safe to keep as the form's.
func (r *request) clientCredentials(f *form) (clientauth.Credentials, error) {
	c, err := r.borrowCredentials(f)
	c.BasicID, c.BasicSecret = strings.Clone(c.BasicID), strings.Clone(c.BasicSecret)
	return c, err
}

// borrowCredentials is clientCredentials for a handler that keeps nothing of them: the strings alias
// the request.
func (r *request) borrowCredentials(f *form) (clientauth.Credentials, error) {
	c := clientauth.Credentials{ID: f.get("client_id"), Secret: f.get("client_secret")}
	header, err := r.authorization()
	if err != nil {
		return c, err
	}
	if len(header) > 0 {
		r.head.basic, c.Basic = true, true
		var ok bool
		c.BasicID, c.BasicSecret, ok = r.parseBasic(header)
		c.BasicBad = !ok
	}
	c.Assertion = f.has("client_assertion") || f.has("client_assertion_type")
	r.record.setClient(c.ID)
	if c.Basic {
		r.record.setClient(c.BasicID)
	}
	return c, nil
}

// parseBasic decodes Basic credentials (RFC 7617 2) and then the two halves, which are
// form-encoded (RFC 6749 2.3.1). Any other scheme is not ok either: we cannot check it. Both
// strings alias the request.
func (r *request) parseBasic(header []byte) (id, secret string, ok bool) {
	scheme, encoded, _ := bytes.Cut(header, []byte(" "))
	if !is(scheme, "basic") {
		return "", "", false
	}
	start := len(r.words)
	var err error
	if r.words, err = strictBase64.AppendDecode(r.words, encoded); err != nil {
		return "", "", false
	}
	left, right, found := bytes.Cut(r.words[start:], []byte(":"))
	if !found {
		return "", "", false
	}
	id, idOK := r.decode(left)
	secret, secretOK := r.decode(right)
	return id, secret, idOK && secretOK && id != ""
}

var strictBase64 = base64.StdEncoding.Strict()
