package store

import (
	"context"
	"time"

	"tollgate/flows/oauth"
)

// Code is an authorization code's record (RFC 6749 4.1.2).
type Code struct {
	Grant       oauth.Grant `json:"grant"`
	RedirectURI string      `json:"redirect_uri,omitempty"` // what /token must repeat; "" if the request named none
	Challenge   string      `json:"challenge"`              // BASE64URL(SHA256(verifier)), RFC 7636 4.2
	Refreshable bool        `json:"refreshable,omitempty"`  // its family begins with a refresh token
	ExpiresAt   time.Time   `json:"expires_at"`
	Until       time.Time   `json:"until"` // the end of the family that it begins
}

// TakeCode asks for a code on behalf of a client. All of it is compared inside one atomic step.
type TakeCode struct {
	Grant       oauth.GrantID
	Code        Hash
	ClientID    string
	RedirectURI string
	Challenge   string // made from the verifier that was presented; "" if none was
	Now         time.Time
	MaxMisses   int           // wrong verifiers after which the code is spent
	KeepSpent   time.Duration // how long a spent code is remembered, so that a replay is seen

	// Until is the end of the family where the code names none, as one of an older version.
	Until time.Time
	// Refresh is the family's first refresh token, unused where the code is not Refreshable.
	Refresh Hash
}

// Codes keeps authorization codes.
type Codes interface {
	// PutCode stores a code until c.ExpiresAt. Its family is listed from the moment that TakeCode
	// begins it; a Refreshable one for a minute longer than the code lives, and then only if
	// ListFamily was told of it.
	PutCode(ctx context.Context, code Hash, c *Code) error
	// ListFamily has the family of a code that was taken listed for as long as it lives.
	ListFamily(ctx context.Context, c *Code) error
	// TakeCode spends the code if client, redirect URI and challenge are right, and begins the
	// family of its grant in the same step; of racing callers exactly one gets it. (In one step,
	// so that the losers, who end the grant, cannot come between the two.) Otherwise nothing is
	// spent, and it says
	//   ErrAbsent    no such code, or expired;
	//   ErrMismatch  another client's, another redirect URI, or a wrong challenge; a wrong
	//                challenge from the right client counts, and the MaxMisses'th spends the code;
	//   ErrSpent     the right client presents it again; the Code is returned with the error, so
	//                that the caller can end its grant (RFC 6749 4.1.2).
	TakeCode(ctx context.Context, t *TakeCode) (*Code, error)
}
