package store

import (
	"context"

	"tollgate/flows/oauth"
)

// Users keeps people, without expiry. A user has two names, subject and username; both are
// unique, and neither can be changed.
type Users interface {
	// GetUser returns the user with that subject, or ErrAbsent. The value is shared: read only. What
	// another node changed may be seen as late as a revocation.
	GetUser(ctx context.Context, subject string) (*oauth.User, error)
	// FindUser returns the user with that username, compared byte for byte, or ErrAbsent;
	// always as it is stored now.
	FindUser(ctx context.Context, username string) (*oauth.User, error)
	// CreateUser stores a new user as version 1, or says ErrExists if subject or username is
	// taken. Of racing creations of one username exactly one wins.
	CreateUser(ctx context.Context, u *oauth.User) error
	// UpdateUser replaces the user if its stored version is u.Version, and stores it as
	// u.Version+1; ErrVersion if it is not, ErrAbsent if there is none. u is not changed.
	UpdateUser(ctx context.Context, u *oauth.User) error
	// DeleteUser removes the user, or says ErrAbsent.
	DeleteUser(ctx context.Context, subject string) error
	// ListUsers returns a piece of all users, ordered by username, and the cursor of the next
	// piece ("" after the last).
	ListUsers(ctx context.Context, p Page) ([]*oauth.User, string, error)
}
