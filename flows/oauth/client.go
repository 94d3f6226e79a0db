package oauth

import (
	"slices"
	"time"
)

// AuthMethod is how a client proves who it is at the token endpoint (RFC 7591 2).
type AuthMethod string

// AuthAnySecret is the zero value: a client with a secret may send it either way.
const (
	AuthAnySecret   AuthMethod = ""
	AuthSecretBasic AuthMethod = "client_secret_basic"
	AuthSecretPost  AuthMethod = "client_secret_post"
	AuthNone        AuthMethod = "none"
)

// GrantType is the value of grant_type.
type GrantType string

// The grants that exist.
const (
	GrantAuthorizationCode GrantType = "authorization_code" // RFC 6749 4.1.3
	GrantRefreshToken      GrantType = "refresh_token"      // RFC 6749 6
	GrantClientCredentials GrantType = "client_credentials" // RFC 6749 4.4
)

// Alg is a JWS algorithm (RFC 7518 3.1, RFC 8037 3.1).
type Alg string

// The algorithms we sign with.
const (
	RS256 Alg = "RS256"
	ES256 Alg = "ES256"
	EdDSA Alg = "EdDSA"
)

// Algs lists every signing algorithm, the default first.
func Algs() []Alg { return []Alg{RS256, ES256, EdDSA} }

// Client is a registered application (RFC 6749 2). A value read from a store is shared: never
// change it in place, change a Clone.
type Client struct {
	ID                     string      `json:"client_id"`
	Name                   string      `json:"client_name,omitempty"`
	SecretHash             []byte      `json:"secret_hash,omitempty"` // SHA-256; none for a public client
	AuthMethod             AuthMethod  `json:"token_endpoint_auth_method,omitempty"`
	GrantTypes             []GrantType `json:"grant_types"`
	RedirectURIs           []string    `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs []string    `json:"post_logout_redirect_uris,omitempty"`
	AllowedOrigins         []string    `json:"allowed_origins,omitempty"` // of its pages, which may call us (Fetch, CORS)
	Scope                  Scope       `json:"scope,omitempty"`           // what it may ask for
	Audience               string      `json:"audience,omitempty"`        // of its access tokens; "" = the issuer's /resources
	SigningAlg             Alg         `json:"signing_alg,omitempty"`     // "" = the server's
	IntrospectAny          bool        `json:"introspect_any,omitempty"`  // may look at tokens that are not its own
	Disabled               bool        `json:"disabled,omitempty"`
	Generation             string      `json:"generation"` // changes when everything issued to it ends; a grant keeps the one it was given in
	CreatedAt              time.Time   `json:"created_at"`
	UpdatedAt              time.Time   `json:"updated_at"`
	Version                int64       `json:"version"` // 1 on create, +1 on every update; the ETag of admin answers
}

// Public reports whether the client cannot keep a secret (RFC 6749 2.1).
func (c *Client) Public() bool { return c.AuthMethod == AuthNone }

// MayUse reports whether the client is registered for the grant.
func (c *Client) MayUse(g GrantType) bool { return slices.Contains(c.GrantTypes, g) }

// UsualGrants is what a client of this shape is for, where nobody said.
func (c *Client) UsualGrants() []GrantType {
	switch {
	case len(c.RedirectURIs) > 0:
		return []GrantType{GrantAuthorizationCode, GrantRefreshToken}
	case c.IntrospectAny || c.Public():
		return nil
	}
	return []GrantType{GrantClientCredentials}
}

// Clone returns a copy that shares nothing with c.
func (c *Client) Clone() *Client {
	d := *c
	d.SecretHash = slices.Clone(c.SecretHash)
	d.GrantTypes = slices.Clone(c.GrantTypes)
	d.RedirectURIs = slices.Clone(c.RedirectURIs)
	d.PostLogoutRedirectURIs = slices.Clone(c.PostLogoutRedirectURIs)
	d.AllowedOrigins = slices.Clone(c.AllowedOrigins)
	d.Scope = slices.Clone(c.Scope)
	return &d
}
