package server

import (
	"slices"

	"github.com/valyala/fasthttp"

	"tollgate/flows/oauth"
)

// corsMaxAge is how long a browser may remember a preflight, in seconds.
const corsMaxAge = "600"

// corsClass says which pages may read the answers of a route. Those of the configured origins may read
// all of them; no page ever gets credentials: what pages may call takes no cookies.
type corsClass uint8

const (
	corsNone   corsClass = iota
	corsOpen             // of every origin that a client has registered: the answer is about nobody
	corsClient           // of the origins of the client that the request is about
)

// preflighted answers the question a browser asks before it lets a page call us (Fetch, CORS
// preflight). It names no client, so every registered origin gets a yes; what the page may read of
// the answer that follows is decided there.
func preflighted(next handler) handler {
	return func(r *request) error {
		if string(r.http.Method()) != fasthttp.MethodOptions {
			return next(r)
		}
		if len(r.header("Access-Control-Request-Method")) == 0 {
			return r.refuseMethod()
		}
		registered, err := r.originRegistered()
		switch {
		case err != nil:
			return err
		case !registered:
			return r.refuseMethod()
		}
		r.cors.asks = true
		r.setHeader("Access-Control-Allow-Methods", r.route.methods)
		r.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type")
		r.setHeader("Access-Control-Max-Age", corsMaxAge)
		r.http.Response.SetStatusCode(fasthttp.StatusNoContent)
		return nil
	}
}

func (r *request) refuseMethod() error {
	r.setHeader("Allow", r.route.methods)
	return errMethod
}

// allowOrigin lets the page read the answer, a refusal as well: one that a page cannot read helps
// nobody. Vary stands even for others, so that no cache mixes them up.
func (r *request) allowOrigin() {
	r.http.Response.Header.Add("Vary", "Origin")
	if len(r.header("Origin")) > 0 && r.pageMayRead() {
		r.http.Response.Header.SetBytesV("Access-Control-Allow-Origin", r.header("Origin"))
		r.setHeader("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id")
	}
}

func (r *request) pageMayRead() bool {
	switch {
	case r.cors.asks, r.originConfigured():
		return true
	case r.route.cors == corsOpen:
		registered, err := r.originRegistered()
		return registered && err == nil // what nobody knows is no yes
	}
	return slices.Contains(r.cors.origins, alias(r.header("Origin")))
}

// about notes whom the request is about; nil is nobody.
func (r *request) about(client *oauth.Client) {
	if client != nil {
		r.cors.origins = client.AllowedOrigins
	}
}

// aboutToken is about for the client of an access token, which only a page makes us look for.
func (r *request) aboutToken(tok []byte) {
	if len(r.header("Origin")) > 0 && !r.originConfigured() {
		r.about(r.s.flows.ClientOf(r.ctx, tok))
	}
}

// originConfigured compares byte for byte; "null" and lists are never registered.
func (r *request) originConfigured() bool {
	_, ok := r.s.origins[string(r.header("Origin"))]
	return ok
}

// originRegistered reports whether the origin is the configuration's, or any client's.
func (r *request) originRegistered() (bool, error) {
	if r.originConfigured() {
		return true, nil
	}
	return r.s.flows.HasOrigin(r.ctx, string(r.header("Origin")))
}
