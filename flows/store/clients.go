package store

import (
	"context"

	"tollgate/flows/oauth"
)

// Clients keeps registered clients, without expiry.
type Clients interface {
	// GetClient returns the client with that id, or ErrAbsent. The value is shared: read only. What
	// another node changed may be seen as late as a revocation; ErrAbsent is what the backend says now.
	GetClient(ctx context.Context, id string) (*oauth.Client, error)
	// CreateClient stores a new client as version 1, or says ErrExists.
	CreateClient(ctx context.Context, c *oauth.Client) error
	// UpdateClient replaces the client if its stored version is c.Version, and stores it as
	// c.Version+1; ErrVersion if it is not, ErrAbsent if there is none. c is not changed.
	UpdateClient(ctx context.Context, c *oauth.Client) error
	// DeleteClient removes the client, or says ErrAbsent.
	DeleteClient(ctx context.Context, id string) error
	// HasOrigin reports whether a client has registered the origin, in AllowedOrigins. It is asked for every page,
	// whoever sends it: while nothing changes it asks nobody, and what another node changed a
	// moment ago it may not know yet. While the backend is away it goes by what it knew.
	HasOrigin(ctx context.Context, origin string) (bool, error)
	// ListClients returns a piece of all clients, ordered by id, and the cursor of the next
	// piece ("" after the last).
	ListClients(ctx context.Context, p Page) ([]*oauth.Client, string, error)
}
