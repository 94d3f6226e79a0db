package store

import (
	"context"
	"time"

	"tollgate/flows/oauth"
)

// TokenRef is what an access token says of itself, for asking whether it was revoked. Empty
// fields are not asked about.
type TokenRef struct {
	ID        oauth.TokenID
	Grant     oauth.GrantID
	ClientID  string
	Subject   string
	SessionID string    // "" where there is no login
	IssuedAt  time.Time // millisecond precision, out of the token id
	Epoch     string    // of the key set that the caller verified with
}

// Revocations keeps what was ended before its time. Cut-offs only grow: a later call with an
// earlier moment changes nothing. Once a call returned nil, every later CheckRevoked sees it: on
// this node, and on any node under Fresh. Another node may remember that there was nothing, for the
// milliseconds that the news take, and never longer than it may be stale.
type Revocations interface {
	// RevokeToken ends one access token; remembered until the token's own end.
	RevokeToken(ctx context.Context, id oauth.TokenID, until time.Time) error
	// RevokeGrant ends a grant: its family, codes that wait, and every access token of it, which
	// live until `until` at the latest. One that is not there, or is ended, is no error.
	RevokeGrant(ctx context.Context, id oauth.GrantID, until time.Time) error
	// RevokeSession ends what was issued in a login session.
	RevokeSession(ctx context.Context, sid string, until time.Time) error
	// RevokeClient ends what was issued to a client at or before the moment.
	RevokeClient(ctx context.Context, clientID string, at, until time.Time) error
	// RevokeSubject ends what was issued for a subject at or before the moment.
	RevokeSubject(ctx context.Context, subject string, at, until time.Time) error
	// ClientCutOff and SubjectCutOff return the latest moment that the two were given; the zero time for none.
	ClientCutOff(ctx context.Context, clientID string) (time.Time, error)
	SubjectCutOff(ctx context.Context, subject string) (time.Time, error)
	// CheckRevoked returns one answer per reference, in order: nil, ErrRevoked, ErrReset, or an
	// outage. It asks once for all of them. An empty Epoch skips the comparison with the
	// stored one; where the backend holds older data than before, it is ErrReset all the same.
	CheckRevoked(ctx context.Context, refs []TokenRef) []error
	// Generation moves whenever CheckRevoked may say something else than before of a token of the
	// grant on this node, and when it is no longer known whether it would; without a grant, when
	// GetClient may, or the key set may be another. It may move for others too, so that it costs next
	// to nothing. Who reads it before asking, and finds it unmoved later, need not ask again for
	// GenerationLife. It moves before the call that changed something returns.
	Generation(oauth.GrantID) uint64
	// GenerationLife is zero where answers must not be remembered.
	GenerationLife() time.Duration
}
