package oauth

import "time"

// Grant is what somebody allowed a client to do. It is fixed when it is made: a code carries it,
// a refresh family keeps it, every access token of it names it. A token of it is no wider than what
// the client is registered for by then, and for the audience that the client has by then. Times are
// UTC; AuthTime and Nonce are zero for client_credentials.
type Grant struct {
	ID        GrantID   `json:"id"`
	ClientID  string    `json:"client_id"`
	Subject   string    `json:"sub"` // the user's, or the client id for client_credentials
	Username  string    `json:"username,omitempty"`
	Scope     Scope     `json:"scope"`
	Audience  string    `json:"aud"`
	SessionID string    `json:"sid,omitempty"`
	AuthTime  time.Time `json:"auth_time,omitzero"`
	Nonce     string    `json:"nonce,omitempty"`
	CreatedAt time.Time `json:"created_at"` // millisecond precision; cut-offs compare against it

	// The generations of client and user when it was given. They say without a clock whether the
	// grant stands; UserGeneration is "" for client_credentials.
	ClientGeneration string `json:"client_generation"`
	UserGeneration   string `json:"user_generation,omitempty"`
	// Epoch is that of the key set at the login: of a life of the stored data.
	Epoch string `json:"epoch,omitempty"`
}

// GrantID names a grant: 22 characters of base64url, 16 random bytes. Everything that belongs to
// one grant carries it, which puts all of it into one Redis Cluster slot. It is no secret.
type GrantID string

// TokenID is an access token's jti: 43 characters of base64url over 32 bytes, which are the
// grant id (16), the time of issue in Unix milliseconds (6, big endian) and random bytes (10).
// One string thus answers to the revocation of a token, of its grant, and of everything issued
// before a moment.
type TokenID string
