package server

import (
	"time"

	"tollgate/flows/oauth"
)

// userRegistration is what an administrator may say about a user; the names are the claims of OIDC
// Core 5.1.
type userRegistration struct {
	Username      string `json:"username"`
	Password      string `json:"password"`
	Name          string `json:"name"`
	GivenName     string `json:"given_name"`
	FamilyName    string `json:"family_name"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
}

// UserView is a user as an administrator sees it, here and on the command line: never with a hash.
// Booleans are always there.
type UserView struct {
	Subject       string    `json:"sub"`
	Username      string    `json:"username"`
	Name          string    `json:"name,omitempty"`
	GivenName     string    `json:"given_name,omitempty"`
	FamilyName    string    `json:"family_name,omitempty"`
	Email         string    `json:"email,omitempty"`
	EmailVerified bool      `json:"email_verified"`
	Disabled      bool      `json:"disabled"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
	Version       int64     `json:"version"`
	// UsableFrom is there where somebody was disabled a moment ago: what is issued until then has ended.
	UsableFrom *time.Time `json:"usable_from,omitempty"`
}

// ViewUser shows a user; usableFrom is of flows.UserUsableFrom, or zero.
func ViewUser(u *oauth.User, usableFrom time.Time) UserView {
	return UserView{
		Subject: u.Subject, Username: u.Username, Name: u.Name, GivenName: u.GivenName, FamilyName: u.FamilyName,
		Email: u.Email, EmailVerified: u.EmailVerified, Disabled: u.Disabled,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, Version: u.Version, UsableFrom: orNil(usableFrom),
	}
}

// orNil is nil for the zero time.
func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (r *request) sendUser(status int, u *oauth.User) error {
	r.setVersion(u.Version)
	return r.sendValue(status, ViewUser(u, r.s.flows.UserUsableFrom(r.ctx, u)))
}

func adminListUsers(r *request) error {
	pg, err := r.listing()
	if err != nil {
		return err
	}
	users, next, err := r.s.flows.ListUsers(r.ctx, pg.cursor, pg.limit)
	if err != nil {
		return err
	}
	items := make([]UserView, len(users))
	for i, u := range users {
		items[i] = ViewUser(u, time.Time{})
	}
	return sendPage(r, items, next)
}

func adminCreateUser(r *request) error {
	var body userRegistration
	if err := r.readMembers(&body); err != nil {
		return err
	}
	user, err := r.s.flows.CreateUser(r.ctx, &oauth.User{
		Username: body.Username, Name: body.Name, GivenName: body.GivenName, FamilyName: body.FamilyName,
		Email: body.Email, EmailVerified: body.EmailVerified,
	}, body.Password)
	if err != nil {
		return err
	}
	return r.sendUser(201, user)
}

func adminGetUser(r *request) error {
	username, err := r.pathID()
	if err != nil {
		return err
	}
	user, err := r.s.flows.GetUser(r.ctx, username)
	if err != nil {
		return err
	}
	return r.sendUser(200, user)
}

func adminDeleteUser(r *request) error {
	username, err := r.pathID()
	if err != nil {
		return err
	}
	if err := r.s.flows.DeleteUser(r.ctx, username); err != nil {
		return err
	}
	return r.noContent()
}

func adminSetPassword(r *request) error {
	username, err := r.pathID()
	if err != nil {
		return err
	}
	var body struct {
		Password string `json:"password"`
	}
	if err := r.readMembers(&body); err != nil {
		return err
	}
	user, err := r.s.flows.SetPassword(r.ctx, username, body.Password)
	if err != nil {
		return err
	}
	return r.sendUser(200, user)
}

func adminDisableUser(r *request) error { return r.setDisabled(true) }
func adminEnableUser(r *request) error  { return r.setDisabled(false) }

func (r *request) setDisabled(disabled bool) error {
	username, err := r.pathID()
	if err != nil {
		return err
	}
	user, err := r.s.flows.SetUserDisabled(r.ctx, username, disabled)
	if err != nil {
		return err
	}
	return r.sendUser(200, user)
}
