package oauth

import "time"

// User is a person who can sign in. Subject is what tokens carry: it is made once, starts with
// SubjectPrefix, and never equals a client id (RFC 9068 5). Username is what is typed, compared
// byte for byte.
type User struct {
	Subject       string    `json:"sub"`
	Username      string    `json:"username"`
	PasswordHash  string    `json:"password_hash,omitempty"` // argon2id, PHC string
	Name          string    `json:"name,omitempty"`
	GivenName     string    `json:"given_name,omitempty"`
	FamilyName    string    `json:"family_name,omitempty"`
	Email         string    `json:"email,omitempty"`
	EmailVerified bool      `json:"email_verified,omitempty"`
	Disabled      bool      `json:"disabled,omitempty"`
	Generation    string    `json:"generation"` // changes when every session and grant ends; both keep the one they were given in
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
	Version       int64     `json:"version"`
}

// SubjectPrefix starts every generated subject; a client id must not start with it.
const SubjectPrefix = "usr_"

// Clone returns a copy that shares nothing with u.
func (u *User) Clone() *User {
	v := *u
	return &v
}
