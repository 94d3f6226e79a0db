package server

import (
	"time"

	"tollgate/flows/oauth"
)

// clientRegistration is what an administrator may say about a client. The names are those of RFC
// 7591 2 where it has one.
type clientRegistration struct {
	ID                     string            `json:"client_id,omitempty"`
	Name                   string            `json:"client_name,omitempty"`
	AuthMethod             oauth.AuthMethod  `json:"token_endpoint_auth_method,omitempty"`
	GrantTypes             []oauth.GrantType `json:"grant_types"`
	RedirectURIs           []string          `json:"redirect_uris"`
	PostLogoutRedirectURIs []string          `json:"post_logout_redirect_uris"`
	AllowedOrigins         []string          `json:"allowed_origins"` // of its pages, which may call us
	Scope                  string            `json:"scope,omitempty"` // space-separated
	Audience               string            `json:"audience,omitempty"`
	SigningAlg             oauth.Alg         `json:"signing_alg,omitempty"`
	IntrospectAny          bool              `json:"introspect_any"`
	Disabled               bool              `json:"disabled"`
}

// clientChange is a registration as PUT takes it. What GET adds may stay where it is, so that who
// changes what was read can send it back as it came.
type clientChange struct {
	clientRegistration
	CreatedAt  string `json:"created_at"` // times are ours to say, and not looked at
	UpdatedAt  string `json:"updated_at"`
	Version    *int64 `json:"version"` // of what was read
	UsableFrom string `json:"usable_from"`
}

// ClientView is a client as an administrator sees it, here and on the command line: never with a
// hash, with the secret only in the answer that made it. Arrays and booleans are always there.
type ClientView struct {
	clientRegistration
	Secret    string    `json:"client_secret,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Version   int64     `json:"version"`
	// UsableFrom is there where the client was disabled a moment ago: what it is issued until then has ended.
	UsableFrom *time.Time `json:"usable_from,omitempty"`
}

func (c *clientRegistration) client() (*oauth.Client, error) {
	scope, err := oauth.ParseScope(c.Scope)
	if err != nil {
		return nil, err
	}
	return &oauth.Client{
		ID: c.ID, Name: c.Name, AuthMethod: c.AuthMethod, GrantTypes: c.GrantTypes,
		RedirectURIs: c.RedirectURIs, PostLogoutRedirectURIs: c.PostLogoutRedirectURIs,
		AllowedOrigins: c.AllowedOrigins, Scope: scope, Audience: c.Audience, SigningAlg: c.SigningAlg,
		IntrospectAny: c.IntrospectAny, Disabled: c.Disabled,
	}, nil
}

// ViewClient shows a client; secret is "" but where it was made, usableFrom is of flows.ClientUsableFrom, or
// zero.
func ViewClient(c *oauth.Client, secret string, usableFrom time.Time) ClientView {
	return ClientView{
		clientRegistration: clientRegistration{
			ID: c.ID, Name: c.Name, AuthMethod: c.AuthMethod, GrantTypes: array(c.GrantTypes),
			RedirectURIs: array(c.RedirectURIs), PostLogoutRedirectURIs: array(c.PostLogoutRedirectURIs),
			AllowedOrigins: array(c.AllowedOrigins), Scope: c.Scope.String(), Audience: c.Audience, SigningAlg: c.SigningAlg,
			IntrospectAny: c.IntrospectAny, Disabled: c.Disabled,
		},
		Secret: secret, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, Version: c.Version, UsableFrom: orNil(usableFrom),
	}
}

// array is never null.
func array[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

func (r *request) sendClient(status int, c *oauth.Client, secret string) error {
	r.setVersion(c.Version)
	return r.sendValue(status, ViewClient(c, secret, r.s.flows.ClientUsableFrom(r.ctx, c)))
}

func adminListClients(r *request) error {
	pg, err := r.listing()
	if err != nil {
		return err
	}
	clients, next, err := r.s.flows.ListClients(r.ctx, pg.cursor, pg.limit)
	if err != nil {
		return err
	}
	items := make([]ClientView, len(clients))
	for i, c := range clients {
		items[i] = ViewClient(c, "", time.Time{})
	}
	return sendPage(r, items, next)
}

func adminCreateClient(r *request) error {
	var body clientRegistration
	if err := r.readMembers(&body); err != nil {
		return err
	}
	client, err := body.client()
	if err != nil {
		return err
	}
	if body.GrantTypes == nil { // [] is none
		client.GrantTypes = client.UsualGrants()
	}
	created, secret, err := r.s.flows.CreateClient(r.ctx, client)
	if err != nil {
		return err
	}
	return r.sendClient(201, created, secret)
}

func adminGetClient(r *request) error {
	id, err := r.pathID()
	if err != nil {
		return err
	}
	client, err := r.s.flows.GetClient(r.ctx, id)
	if err != nil {
		return err
	}
	return r.sendClient(200, client, "")
}

var errOtherVersion = oauth.NewError(oauth.CodeConflict, "version is not that of If-Match, read the client again")

// adminUpdateClient replaces a registration as a whole.
func adminUpdateClient(r *request) error {
	id, err := r.pathID()
	if err != nil {
		return err
	}
	version, err := r.version()
	if err != nil {
		return err
	}
	var body clientChange
	if err := r.readMembers(&body); err != nil {
		return err
	}
	if body.ID != "" && body.ID != id {
		return oauth.InvalidRequest("client_id cannot be changed")
	}
	if body.Version != nil && *body.Version != version {
		return errOtherVersion
	}
	body.ID = id
	client, err := body.client()
	if err != nil {
		return err
	}
	client.Version = version
	updated, err := r.s.flows.UpdateClient(r.ctx, client)
	if err != nil {
		return err
	}
	return r.sendClient(200, updated, "")
}

func adminDeleteClient(r *request) error {
	id, err := r.pathID()
	if err != nil {
		return err
	}
	if err := r.s.flows.DeleteClient(r.ctx, id); err != nil {
		return err
	}
	return r.noContent()
}

func adminRotateSecret(r *request) error {
	id, err := r.pathID()
	if err != nil {
		return err
	}
	client, secret, err := r.s.flows.RotateSecret(r.ctx, id)
	if err != nil {
		return err
	}
	return r.sendClient(200, client, secret)
}
