package store

import (
	"context"
	"time"
)

// Session is one browser's login. ID is the sid of tokens and no secret; the cookie's value is
// stored only as a Hash.
type Session struct {
	ID        string    `json:"sid"`
	Subject   string    `json:"sub"`
	Username  string    `json:"username"`
	AuthTime  time.Time `json:"auth_time"`
	ExpiresAt time.Time `json:"expires_at"`

	UserGeneration string `json:"user_generation"` // of the user when they signed in
	Epoch          string `json:"epoch"`           // of the key set at that time
}

// Sessions keeps login sessions.
type Sessions interface {
	// PutSession stores the session under the cookie's hash until s.ExpiresAt.
	PutSession(ctx context.Context, cookie Hash, s *Session) error
	// GetSession returns the session behind the cookie, or ErrAbsent.
	GetSession(ctx context.Context, cookie Hash) (*Session, error)
	// DeleteSession forgets it. One that is not there is no error.
	DeleteSession(ctx context.Context, cookie Hash) error
}
