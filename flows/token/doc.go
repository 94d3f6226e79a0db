// Package token mints and verifies what Tollgate hands out: access tokens (RFC 9068), id_tokens
// (OIDC Core 2), and the opaque handles behind codes, refresh tokens, sessions and interactions.
//
//	grant + active key ──> Mint ──> JWT          JWT ──> Verify ──> claims, facts about bytes
//	random bytes + MAC ──> Handles ──> opaque    opaque ──> Handles ──> store.Hash
//
// It knows nothing of revocation: whether a good token still counts is asked in flows.
package token
