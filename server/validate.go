package server

import (
	"bytes"
	"math"
	"strconv"

	"tollgate/flows"
	"tollgate/flows/oauth"
)

// serveValidate tells a gateway whether a request may pass, and who makes it. It reads nothing but the
// Authorization header and the demands, and no header of the request reaches the answer.
func serveValidate(r *request) error {
	v, err := r.checkBearer()
	r.s.metrics.validated(err)
	if err != nil {
		return err
	}
	r.s.metrics.claims.count(r.lane, v.Recalled)
	r.sendIdentity(&v)
	return nil
}

// sendIdentity answers with who makes the request that the gateway asks about.
func (r *request) sendIdentity(v *flows.Validation) {
	c := v.Claims
	h := &r.http.Response.Header
	h.SetCanonical(headerAuthSubject, r.headerValue(c.Subject))
	h.SetCanonical(headerAuthClient, r.headerValue(c.ClientID))
	h.SetCanonical(headerAuthScope, r.headerValue(c.Scope))
	h.SetCanonical(headerAuthAudience, r.headerValue(c.Audience))
	h.SetCanonical(headerAuthTokenID, r.headerValue(string(c.ID)))
	r.buf = strconv.AppendInt(r.buf[:0], c.Expires, 10)
	h.SetCanonical(headerAuthExpires, r.buf)
	if v.Stale > 0 { // revocation was last known that many seconds ago: validate.on_store_loss
		r.buf = strconv.AppendInt(r.buf[:0], int64(math.Ceil(v.Stale.Seconds())), 10)
		h.SetCanonical(headerStale, r.buf)
		r.s.metrics.stale.Inc()
	}
	r.http.Response.SetStatusCode(200)
}

func (r *request) checkBearer() (flows.Validation, error) {
	tok, err := r.bearer()
	if err != nil {
		return flows.Validation{}, err
	}
	scope, audience, err := r.demands(r.http.URI().QueryString())
	if err != nil {
		return flows.Validation{}, err
	}
	return r.s.flows.Validate(r.ctx, r.started(), tok, scope, audience)
}

// demands reads scope and aud out of the query. Other parameters belong to the request behind the
// gateway (Envoy appends it) and are not looked at. A demand that cannot be understood is not met.
// Both alias the request and live as long as it.
func (r *request) demands(query []byte) (scope, audience string, err error) {
	seen := [2]bool{}
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		rawName, rawValue, _ := bytes.Cut(pair, []byte("="))
		name, _ := r.decode(rawName)
		if name != "scope" && name != "aud" {
			continue
		}
		value, ok := r.decode(rawValue)
		dst, i := &scope, 0
		if name == "aud" {
			dst, i = &audience, 1
		}
		if !ok || seen[i] {
			return "", "", oauth.InsufficientScope("")
		}
		*dst, seen[i] = value, true
	}
	return scope, audience, nil
}

// headerValue is s as a header's value: bytes that are not printable ASCII are percent-encoded, so
// that no value can end its line or start another.
func (r *request) headerValue(s string) []byte {
	b := r.buf[:0]
	start := 0 // of what is plain and not yet appended
	for i := plainPrefix(s); i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e {
			b = append(append(b, s[start:i]...), '%', hexDigits[c>>4], hexDigits[c&15])
			start = i + 1
		}
	}
	b = append(b, s[start:]...)
	r.buf = b
	return b
}

// failValidate answers without a body and with the statuses that every gateway understands: what
// is wrong with the credentials is 401, whichever way it is wrong.
func failValidate(r *request, e *oauth.Error) {
	status := e.Status()
	switch {
	case e.Code == oauth.CodeUnauthenticated, e.Code == oauth.CodeInsufficientScope:
		r.challengeBearer(e)
	case status >= 400 && status < 500 && status != 429:
		status = 401
		r.challengeBearer(oauth.InvalidToken())
	}
	r.http.Response.ResetBody()
	r.http.Response.SetStatusCode(status)
}
