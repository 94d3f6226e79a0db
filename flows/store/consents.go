package store

import (
	"context"
	"time"

	"tollgate/flows/oauth"
)

// Consent is what a user allowed a client, remembered.
type Consent struct {
	Subject   string      `json:"sub"`
	ClientID  string      `json:"client_id"`
	Scope     oauth.Scope `json:"scope"`
	GrantedAt time.Time   `json:"granted_at"`
}

// Consents keeps remembered consents, without expiry.
type Consents interface {
	// GetConsent returns the consent of that user for that client, or ErrAbsent. What
	// another node changed may be seen as late as a revocation.
	GetConsent(ctx context.Context, subject, clientID string) (*Consent, error)
	// AddConsent widens the consent by c.Scope, or makes it. Racing additions are all kept. One that
	// is from before since, when the client was registered, was for another client of that id: it is
	// replaced.
	AddConsent(ctx context.Context, c *Consent, since time.Time) error
	// DeleteConsent forgets it. One that is not there is no error.
	DeleteConsent(ctx context.Context, subject, clientID string) error
}
