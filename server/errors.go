package server

import (
	"tollgate/flows/oauth"
)

// Answers that need no words of their own.
var (
	errNotFound = oauth.NewError(oauth.CodeNotFound, "there is nothing here")
	errMethod   = oauth.NewError(oauth.CodeMethodNotAllow, "the method is not allowed here")
)

// answering writes the answer for the error that comes back, in the way of the route, and hands
// the error on to the record. Nothing else in the server turns errors into statuses.
func answering(next handler) handler {
	return func(r *request) error {
		err := next(r)
		if err != nil {
			r.answerError(oauth.AsError(err))
		}
		r.finishHeaders()
		return err
	}
}

// answerError replaces whatever was written so far by the answer for e.
func (r *request) answerError(e *oauth.Error) {
	r.record.err = e
	r.noStore()
	r.retryAfter(e)
	r.route.fail(r, e)
}

// retryAfter says when to come back, where an error does: a delay in whole seconds, rounded up (RFC
// 9110 10.2.3).
func (r *request) retryAfter(e *oauth.Error) {
	if e.RetryAfter <= 0 {
		return
	}
	r.buf = appendSeconds(r.buf[:0], e.RetryAfter)
	r.http.Response.Header.SetCanonical(headerRetryAfter, r.buf)
	if e.Policy != nil {
		r.record.limit = e.Policy.Name
		r.rateLimit(e.Policy, e.RetryAfter)
	}
}

// failJSON answers as RFC 6749 5.2 does. A client that tried Basic is told so (RFC 6749 5.2); for
// all others a challenge would only make browsers ask people for a password.
func failJSON(r *request, e *oauth.Error) {
	if e.Code == oauth.CodeInvalidClient && r.head.basic {
		r.setHeader("WWW-Authenticate", `Basic realm="tollgate", charset="UTF-8"`)
	}
	r.sendJSON(e.Status(), appendErrorJSON(r.body(), e))
}

// failBearer answers as RFC 6750 3 says: the challenge names the error, unless the request had no
// credentials at all (3.1).
func failBearer(r *request, e *oauth.Error) {
	switch e.Status() {
	case 400, 401, 403:
		r.challengeBearer(e)
	}
	r.sendJSON(e.Status(), appendErrorJSON(r.body(), e))
}

// challengeBearer sets WWW-Authenticate for e (RFC 6750 3).
func (r *request) challengeBearer(e *oauth.Error) {
	b := append(r.buf[:0], "Bearer"...)
	if e.Code != oauth.CodeUnauthenticated {
		b = append(b, ` error="`...)
		b = append(b, e.Code...)
		b = append(b, '"')
	}
	if e.Scope != "" {
		b = append(b, `, scope="`...)
		b = appendPlain(b, e.Scope)
		b = append(b, '"')
	}
	r.http.Response.Header.SetCanonical(headerChallenge, b)
	r.buf = b
}

// appendErrorJSON appends the body of RFC 6749 5.2.
func appendErrorJSON(dst []byte, e *oauth.Error) []byte {
	dst = append(dst, `{"error":"`...)
	dst = append(dst, e.Code...)
	if e.Description != "" {
		dst = append(dst, `","error_description":"`...)
		dst = appendPlain(dst, e.Description)
	}
	return append(dst, `"}`...)
}

// appendPlain appends s less everything outside %x20-21 / %x23-5B / %x5D-7E, which RFC 6749 5.2
// allows in a description and RFC 6750 3 in a scope; what is left needs no quoting anywhere.
func appendPlain(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; 0x20 <= c && c <= 0x7e && c != '"' && c != '\\' {
			dst = append(dst, c)
		}
	}
	return dst
}
