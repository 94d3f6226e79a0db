package store

import (
	"context"
	"time"

	"tollgate/flows/oauth"
)

// Family is a grant together with the one refresh token of it that is good now, and the one
// before it (RFC 9700 4.14.2).
type Family struct {
	Grant     oauth.Grant `json:"grant"`
	Current   Hash        `json:"-"` // of the refresh token; zero where none was issued
	RotatedAt time.Time   `json:"rotated_at,omitzero"`
	ExpiresAt time.Time   `json:"expires_at"` // absolute: rotation does not move it
}

// Rotation asks to replace a refresh token by its successor.
type Rotation struct {
	Grant     oauth.GrantID
	Presented Hash
	ClientID  string
	Successor Hash
	Sealed    []byte      // the successor's clear text, sealed under a key made from the presented token
	Scope     oauth.Scope // what was asked for; nil asks for all that was granted
	Now       time.Time
	Window    time.Duration // refresh_replay_window
	EndUntil  time.Time     // if the family ends here: how long its access tokens could live
}

// Families keeps the grants that codes were traded for. TakeCode begins them.
type Families interface {
	// GetFamily returns the family of the grant, or ErrAbsent, or ErrEnded.
	GetFamily(ctx context.Context, id oauth.GrantID) (*Family, error)
	// Rotate makes r.Successor the current token if r.Presented is the current one, and returns
	// the family and r.Sealed. If r.Presented is the one before, was replaced no longer than
	// r.Window ago and its successor has not been used, it changes nothing and returns the family
	// and what was sealed then: the identical successor for every caller. So a caller that does
	// not know whether Rotate happened may call it again. Otherwise
	//   ErrAbsent    no such family, or expired;
	//   ErrMismatch  another client's;
	//   ErrEnded     ended before;
	//   ErrWider     the token is right, but the grant does not cover r.Scope; nothing was changed;
	//   ErrReused    any other token of this family: the family is ended in the same step, as
	//                RevokeGrant would, and the family is returned with the error.
	Rotate(ctx context.Context, r *Rotation) (*Family, []byte, error)
	// EndFamily ends the family as RevokeGrant does, and returns it. Calling it again ends it
	// again. Otherwise
	//   ErrAbsent    no such family, or expired;
	//   ErrMismatch  it is not owner's ("" is anybody's), and nothing was changed;
	//   ErrEnded     ended before.
	EndFamily(ctx context.Context, id oauth.GrantID, owner string, until time.Time) (*Family, error)
	// ListFamilies returns a piece of the live families of a subject, or of a client, or of a
	// subject with a client; newest first. One of the two must be given.
	ListFamilies(ctx context.Context, subject, clientID string, p Page) ([]*Family, string, error)
}
