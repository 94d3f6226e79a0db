package token

import "tollgate/flows/oauth"

// Access is an access token's claims (RFC 9068 2.2): facts about bytes that were signed by us.
// A value returned by Verifier.Access is immutable and shares no memory with the token.
type Access struct {
	Issuer    string
	Subject   string
	Audience  string
	ClientID  string
	Scope     string // space-separated
	SessionID string // sid; "" where there is no login
	ID        oauth.TokenID
	IssuedAt  int64 // Unix seconds
	Expires   int64 // Unix seconds

	Grant      oauth.GrantID // out of ID
	IssuedAtMS int64         // out of ID: Unix milliseconds

	// Epoch is that of the key set which verified the token; store.TokenRef wants this one, not
	// the one of a snapshot taken later.
	Epoch string
}
