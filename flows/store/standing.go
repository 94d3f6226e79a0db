package store

import (
	"context"

	"tollgate/flows/oauth"
)

// Standing is what a grant hangs on beside itself, as it is now. What is absent is nil.
type Standing struct {
	Client  *oauth.Client
	User    *oauth.User
	Consent *Consent
	Epoch   string // of the key set that is stored now; "" where there is none
	// Revoked says that the grant's session was ended, or that its client's or subject's cut-off
	// reaches it.
	Revoked bool
}

// Standings tells whether grants still stand.
type Standings interface {
	// GetStanding asks for all of it at once. Its values are shared: read only. Under Fresh it is
	// what the backend has now; else what another node changed may be seen as late as a revocation.
	// ErrReset where the backend holds older data than before.
	GetStanding(ctx context.Context, g *oauth.Grant) (*Standing, error)
}
