package flows

import (
	"context"
	"errors"
	"strings"
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

var (
	errNoClient      = oauth.NewError(oauth.CodeNotFound, "there is no such client")
	errClientExists  = oauth.NewError(oauth.CodeConflict, "a client or user with this id exists already")
	errClientChanged = oauth.NewError(oauth.CodePrecondition, "the client was changed meanwhile, read it again")
	errPublicSecret  = oauth.InvalidRequest("a public client has no secret")
)

// GetClient returns a client as it is stored now, or not_found.
func (f *Flows) GetClient(ctx context.Context, id string) (*oauth.Client, error) {
	c, err := f.store.GetClient(store.Fresh(ctx), id)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return nil, errNoClient
	case err != nil:
		return nil, outage(err)
	}
	return c.Clone(), nil
}

// ListClients returns up to limit clients by id, and the cursor of the next piece.
func (f *Flows) ListClients(ctx context.Context, cursor string, limit int) ([]*oauth.Client, string, error) {
	clients, next, err := f.store.ListClients(ctx, store.Page{Cursor: cursor, Limit: limit})
	if err != nil {
		return nil, "", outage(err)
	}
	return clients, next, nil
}

// CreateClient registers a client and returns its secret, "" for a public one. It is shown this
// once: only its hash is kept. An empty id is made up.
func (f *Flows) CreateClient(ctx context.Context, c *oauth.Client) (*oauth.Client, string, error) {
	c = c.Clone()
	if c.ID == "" {
		c.ID = "cl_" + token.NewSecret()[:22]
	}
	if err := f.checkNewClient(ctx, c); err != nil {
		return nil, "", err
	}
	var secret string
	if c.SecretHash = nil; !c.Public() {
		secret = token.NewSecret()
		c.SecretHash = clientauth.HashSecret(secret)
	}
	created, err := f.putClient(ctx, c)
	return created, secret, err
}

func (f *Flows) checkNewClient(ctx context.Context, c *oauth.Client) error {
	if problems := oauth.CheckClient(c); len(problems) > 0 {
		return oauth.InvalidRequest(strings.Join(problems, "; "))
	}
	// A client id is the subject of its own tokens: it must not be a user's (RFC 9068 5).
	switch _, err := f.store.GetUser(store.Fresh(ctx), c.ID); {
	case err == nil:
		return errClientExists
	case !errors.Is(err, store.ErrAbsent):
		return outage(err)
	}
	return nil
}

func (f *Flows) putClient(ctx context.Context, c *oauth.Client) (*oauth.Client, error) {
	c.CreatedAt, c.Version, c.Generation = f.now(), 1, newGeneration()
	c.UpdatedAt = c.CreatedAt
	switch err := f.store.CreateClient(ctx, c); {
	case errors.Is(err, store.ErrExists):
		return nil, errClientExists
	case err != nil:
		return nil, outage(err)
	}
	f.emit(ctx, EventClientChanged, Event{ClientID: c.ID, Detail: "created"})
	return c, nil
}

// UpdateClient replaces a client's registration; id, secret and age stay. The version must be
// the one that was read, or it says precondition_failed. Disabling ends everything the client
// holds, and whatever it is issued in the next half minute, as clocks of nodes differ; enabling it
// again brings none of it back, and ClientUsableFrom tells when that is over. Disabling may be repeated
// until it succeeds.
func (f *Flows) UpdateClient(ctx context.Context, c *oauth.Client) (*oauth.Client, error) {
	old, err := f.GetClient(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	c = c.Clone()
	c.SecretHash, c.CreatedAt, c.Generation = old.SecretHash, old.CreatedAt, old.Generation
	if problems := oauth.CheckClient(c); len(problems) > 0 {
		return nil, oauth.InvalidRequest(strings.Join(problems, "; "))
	}
	switch {
	case c.Public():
		c.SecretHash = nil
	case c.SecretHash == nil:
		return nil, oauth.InvalidRequest("a public client cannot become confidential, register a new one")
	}
	if c.Disabled {
		return c, f.disableClient(ctx, c)
	}
	return c, f.saveClient(ctx, c, "updated")
}

func (f *Flows) disableClient(ctx context.Context, c *oauth.Client) error {
	c.Disabled, c.Generation = true, newGeneration()
	if err := f.saveClient(ctx, c, "disabled"); err != nil {
		return err
	}
	return f.endClientUntil(ctx, c.ID, f.ahead())
}

// saveClient stores a changed client and makes c what is stored.
func (f *Flows) saveClient(ctx context.Context, c *oauth.Client, what string) error {
	c.UpdatedAt = f.now()
	switch err := f.store.UpdateClient(ctx, c); {
	case errors.Is(err, store.ErrAbsent):
		return errNoClient
	case errors.Is(err, store.ErrVersion):
		return errClientChanged
	case err != nil:
		return outage(err)
	}
	c.Version++
	f.emit(ctx, EventClientChanged, Event{ClientID: c.ID, Detail: what})
	return nil
}

// RotateSecret gives a client a new secret and returns it, this once. The old one ends at once.
func (f *Flows) RotateSecret(ctx context.Context, id string) (*oauth.Client, string, error) {
	c, err := f.GetClient(ctx, id)
	if err != nil {
		return nil, "", err
	}
	if c.Public() {
		return nil, "", errPublicSecret
	}
	secret := token.NewSecret()
	c.SecretHash = clientauth.HashSecret(secret)
	if err := f.saveClient(ctx, c, "secret rotated"); err != nil {
		return nil, "", err
	}
	return c, secret, nil
}

// DeleteClient removes a client and ends everything it holds. It ends first: however far it gets,
// it may be repeated, and what is half deleted is disabled.
func (f *Flows) DeleteClient(ctx context.Context, id string) error {
	c, err := f.GetClient(ctx, id)
	if err != nil {
		return err
	}
	if err := f.disableClient(ctx, c); err != nil {
		return err
	}
	switch err := f.store.DeleteClient(ctx, id); {
	case errors.Is(err, store.ErrAbsent):
		return errNoClient
	case err != nil:
		return outage(err)
	}
	f.emit(ctx, EventClientChanged, Event{ClientID: id, Detail: "deleted"})
	return nil
}

// endClient ends every token and grant of a client that exists now.
func (f *Flows) endClient(ctx context.Context, id string) error {
	c, err := f.GetClient(ctx, id)
	if err != nil {
		return err
	}
	c.Generation = newGeneration()
	if err := f.saveClient(ctx, c, "grants ended"); err != nil {
		return err
	}
	return f.endClientUntil(ctx, id, 0)
}

// endClientUntil ends what was issued to a client up to that long from now.
func (f *Flows) endClientUntil(ctx context.Context, id string, ahead time.Duration) error {
	err := f.cut(func(at time.Time) error { return f.store.RevokeClient(ctx, id, at.Add(ahead), f.grantsEnd()) })
	if err == nil {
		f.emit(ctx, EventGrantRevoked, Event{ClientID: id, Detail: "all of the client"})
	}
	return err
}
