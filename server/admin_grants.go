package server

import (
	"time"

	"tollgate/flows"
	"tollgate/flows/oauth"
)

// GrantView is a live grant as an administrator sees it, here and on the command line.
type GrantView struct {
	ID          oauth.GrantID `json:"id"`
	ClientID    string        `json:"client_id"`
	Subject     string        `json:"sub"`
	Username    string        `json:"username,omitempty"`
	Scope       string        `json:"scope"`
	Audience    string        `json:"aud"`
	SessionID   string        `json:"sid,omitempty"`
	Refreshable bool          `json:"refreshable"`
	CreatedAt   time.Time     `json:"created_at"`
	RotatedAt   time.Time     `json:"rotated_at,omitzero"`
	ExpiresAt   time.Time     `json:"expires_at"`
}

// ViewGrant shows a grant.
func ViewGrant(g *flows.GrantInfo) GrantView {
	return GrantView{
		ID: g.ID, ClientID: g.ClientID, Subject: g.Subject, Username: g.Username,
		Scope: g.Scope.String(), Audience: g.Audience, SessionID: g.SessionID, Refreshable: g.Refreshable,
		CreatedAt: g.CreatedAt, RotatedAt: g.RotatedAt, ExpiresAt: g.ExpiresAt,
	}
}

// adminListGrants lists what a user or a client holds: ?username=…, ?client_id=…, or both.
func adminListGrants(r *request) error {
	pg, err := r.listing("username", "client_id")
	if err != nil {
		return err
	}
	username, clientID := pg.query.get("username"), pg.query.get("client_id")
	grants, next, err := r.s.flows.ListGrants(r.ctx, username, clientID, pg.cursor, pg.limit)
	if err != nil {
		return err
	}
	items := make([]GrantView, len(grants))
	for i := range grants {
		items[i] = ViewGrant(&grants[i])
	}
	return sendPage(r, items, next)
}

// adminRevokeGrants ends everything of a user, of a client, or of a user with a client.
func adminRevokeGrants(r *request) error {
	var body struct {
		Username string `json:"username"`
		ClientID string `json:"client_id"`
	}
	if err := r.readMembers(&body); err != nil {
		return err
	}
	if err := r.s.flows.RevokeGrants(r.ctx, body.Username, body.ClientID); err != nil {
		return err
	}
	return r.noContent()
}

func adminRevokeGrant(r *request) error {
	id, err := r.pathID()
	if err != nil {
		return err
	}
	if err := r.s.flows.RevokeGrantByID(r.ctx, oauth.GrantID(id)); err != nil {
		return err
	}
	return r.noContent()
}
