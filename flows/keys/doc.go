// Package keys owns the signing keys: their states (next, active, retired), their rotation by
// one node under a lease, their sealing at rest under the master key, and the snapshot that
// everybody else reads.
//
//	store (sealed key set) ──> Manager ──> *Set, immutable, one atomic pointer ──> token, JWKS
//
// It leaves what is signed to flows/token. See OIDC Core 10.1.1 for rotation, RFC 7517 for JWKS.
package keys
