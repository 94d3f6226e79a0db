package server

import (
	"tollgate/flows"
	"tollgate/flows/oauth"
)

// serveUserInfo is the UserInfo endpoint (OIDC Core 5.3).
func serveUserInfo(r *request) error {
	tok, err := r.userinfoToken()
	if err != nil {
		return err
	}
	info, err := r.s.flows.UserInfo(r.ctx, tok)
	r.aboutToken(tok)
	if err != nil {
		return err
	}
	r.sendJSON(200, appendUserInfo(r.body(), info))
	return nil
}

// userinfoToken takes the token from the header or, in a POST, from the form (RFC 6750 2.1, 2.2);
// never from both (2), and never from the query, which ends in logs (RFC 9700 4.3.2).
func (r *request) userinfoToken() ([]byte, error) {
	query, err := r.queryForm()
	if err != nil {
		return nil, err
	}
	if query.has("access_token") {
		return nil, oauth.InvalidRequest("a token in the query is not accepted")
	}
	if !r.http.IsPost() || !isFormType(r.http.Request.Header.ContentType()) {
		return r.bearer()
	}
	body, err := r.postForm()
	switch {
	case err != nil:
		return nil, err
	case !body.has("access_token"):
		return r.bearer()
	case r.head.authorizations > 0:
		return nil, oauth.InvalidRequest("more than one way of sending a token")
	}
	return []byte(body.get("access_token")), nil
}

// appendUserInfo appends the body of OIDC Core 5.3.2.
func appendUserInfo(dst []byte, u *flows.UserInfo) []byte {
	o := newObject(dst)
	o.string("sub", u.Subject)
	o.string("preferred_username", u.PreferredUsername)
	o.string("name", u.Name)
	o.string("given_name", u.GivenName)
	o.string("family_name", u.FamilyName)
	o.int("updated_at", u.UpdatedAt)
	o.string("email", u.Email)
	if u.EmailVerified != nil {
		o.bool("email_verified", *u.EmailVerified)
	}
	return o.end()
}
