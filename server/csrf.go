package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"

	"tollgate/flows/oauth"
)

// csrfToken returns what only a form that we showed can send back (RFC 6749 10.12): a MAC under
// the browser cookie, which no other site can read or set, of the page, the interaction and the
// session it was shown for. Page names hold no bar and the session's hash has one length, so no
// two inputs run together.
func csrfToken(v visit, page, interaction string) string {
	mac := hmac.New(sha256.New, []byte(v.browser))
	session := sha256.Sum256([]byte(v.session))
	mac.Write([]byte("csrf|" + page + "|" + interaction + "|"))
	mac.Write(session[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// checkForm reports why a form was not sent from our own page in this browser. fields are the
// names it may have: the interaction, not a field, is the truth about a request.
func (r *request) checkForm(f *form, v visit, page string, fields ...string) error {
	if err := r.checkOrigin(); err != nil {
		return err
	}
	want := csrfToken(v, page, f.get("interaction"))
	if subtle.ConstantTimeCompare([]byte(f.get("csrf")), []byte(want)) != 1 {
		return oauth.NewError(oauth.CodeForbidden, "the form is too old or was not shown in this browser")
	}
	for _, p := range f.params {
		if p.name != "csrf" && !slices.Contains(fields, p.name) {
			return oauth.InvalidRequest("the form holds a field that is not its own")
		}
	}
	return nil
}

// checkOrigin refuses forms that a browser says another site sent. A browser that says nothing
// is left to the token; "null" is what our own pages send, because they send no referrer.
func (r *request) checkOrigin() error {
	foreign := oauth.NewError(oauth.CodeForbidden, "the form was sent from another site")
	switch string(r.header("Sec-Fetch-Site")) {
	case "", "same-origin", "none":
	default:
		return foreign
	}
	origin := string(r.header("Origin"))
	if origin == "" || origin == "null" || origin == r.s.site.origin {
		return nil
	}
	// Behind another name, as localhost for 127.0.0.1, the browser's own words must agree.
	if _, authority, ok := strings.Cut(origin, "://"); ok && authority == string(r.http.Host()) {
		return nil
	}
	return foreign
}

// crossSite reports whether the browser says that another site sent the request.
func (r *request) crossSite() bool { return string(r.header("Sec-Fetch-Site")) == "cross-site" }
