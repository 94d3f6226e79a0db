package store

import (
	"context"
	"time"

	"tollgate/flows/oauth"
)

// Interaction is an authorization request that waits for a person: it was checked, and it is the
// truth while the person signs in and agrees; no form field can change it.
type Interaction struct {
	Browser  Hash   `json:"browser"` // of the cookie of the browser that began it
	ClientID string `json:"client_id"`
	// ClientSince is when that client was registered; a later one of the id is another.
	ClientSince time.Time `json:"client_since,omitzero"`
	RedirectURI string    `json:"redirect_uri"`
	// RedirectGiven says that the request named RedirectURI, so that /token must repeat it
	// (RFC 6749 4.1.3).
	RedirectGiven bool        `json:"redirect_given,omitempty"`
	ResponseMode  string      `json:"response_mode,omitempty"`
	State         string      `json:"state,omitempty"`
	Scope         oauth.Scope `json:"scope"`
	Nonce         string      `json:"nonce,omitempty"`
	Challenge     string      `json:"challenge"` // PKCE, always S256
	Prompt        []string    `json:"prompt,omitempty"`
	LoginHint     string      `json:"login_hint,omitempty"`
	Subject       string      `json:"sub,omitempty"` // the only one who may answer (id_token_hint); "" = anybody
	// LoginAfter, where not zero, is the oldest auth_time that satisfies the request
	// (prompt=login, max_age).
	LoginAfter time.Time `json:"login_after,omitzero"`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// Interactions keeps authorization requests while somebody signs in.
type Interactions interface {
	// PutInteraction stores it under the handle's hash until i.ExpiresAt.
	PutInteraction(ctx context.Context, handle Hash, i *Interaction) error
	// GetInteraction returns it, or ErrAbsent. One that is finished is still there.
	GetInteraction(ctx context.Context, handle Hash) (*Interaction, error)
	// FinishInteraction records the outcome, sealed by the caller, once: the first caller gets
	// its own outcome back, every later one the first's. Exactly one outcome exists per
	// interaction, however many callers race. ErrAbsent where there is no interaction.
	FinishInteraction(ctx context.Context, handle Hash, outcome []byte) ([]byte, error)
	// GetOutcome returns what FinishInteraction recorded, or ErrAbsent before that.
	GetOutcome(ctx context.Context, handle Hash) ([]byte, error)
}
