package server

import (
	"github.com/valyala/fasthttp"
)

// corsMaxAge is how long a browser may remember a preflight, in seconds.
const corsMaxAge = "600"

// preflighted answers the question a browser asks before it lets a page call us (Fetch, CORS
// preflight). Only registered origins get a yes, and never one with credentials: the endpoints
// that pages may call take no cookies.
func preflighted(next handler) handler {
	return func(r *request) error {
		if string(r.http.Method()) != fasthttp.MethodOptions {
			return next(r)
		}
		if len(r.header("Access-Control-Request-Method")) == 0 || !r.originAllowed() {
			r.setHeader("Allow", r.route.methods)
			return errMethod
		}
		r.setHeader("Access-Control-Allow-Methods", r.route.methods)
		r.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type")
		r.setHeader("Access-Control-Max-Age", corsMaxAge)
		r.http.Response.SetStatusCode(fasthttp.StatusNoContent)
		return nil
	}
}

// allowOrigin lets the page read the answer, whatever it is: a refusal that a page cannot read
// helps nobody. Vary stands even for others, so that no cache mixes them up.
func (r *request) allowOrigin() {
	if len(r.s.origins) == 0 {
		return
	}
	r.http.Response.Header.Add("Vary", "Origin")
	if r.originAllowed() {
		r.http.Response.Header.SetBytesV("Access-Control-Allow-Origin", r.header("Origin"))
		r.setHeader("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, X-Request-Id")
	}
}

// originAllowed compares byte for byte; "null" and lists are never registered.
func (r *request) originAllowed() bool {
	_, ok := r.s.origins[string(r.header("Origin"))]
	return ok
}
