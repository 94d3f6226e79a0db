package server

import (
	"errors"

	"tollgate/flows/oauth"
)

// jwksMaxAge is far below any publish_ahead worth having, so that a key is known everywhere before
// it signs (OIDC Core 10.1.1).
const jwksMaxAge = "public, max-age=300"

var errNoKeys = errors.New("the signing keys are not loaded, or not all of them can be opened")

// serveJWKS serves the public keys (RFC 7517 5): rendered once per key set, from memory.
func serveJWKS(r *request) error {
	set := r.s.flows.Keys().Snapshot()
	if set == nil || !set.Complete() { // half a set would be cached, and good tokens refused by it
		return oauth.Unavailable(errNoKeys)
	}
	body, etag := set.JWKS()
	r.sendDocument(body, etag, jwksMaxAge)
	return nil
}
