package flows

import (
	"context"
	"errors"
	"strings"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

var (
	errNoUser      = oauth.NewError(oauth.CodeNotFound, "there is no such user")
	errUserExists  = oauth.NewError(oauth.CodeConflict, "a user with this name exists already")
	errUserChanged = oauth.NewError(oauth.CodePrecondition, "the user was changed meanwhile, read it again")
)

// GetUser returns the user with that username, or not_found.
func (f *Flows) GetUser(ctx context.Context, username string) (*oauth.User, error) {
	u, err := f.store.FindUser(ctx, username)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return nil, errNoUser
	case err != nil:
		return nil, outage(err)
	}
	return u.Clone(), nil
}

// ListUsers returns up to limit users by username, and the cursor of the next piece.
func (f *Flows) ListUsers(ctx context.Context, cursor string, limit int) ([]*oauth.User, string, error) {
	users, next, err := f.store.ListUsers(ctx, store.Page{Cursor: cursor, Limit: limit})
	if err != nil {
		return nil, "", outage(err)
	}
	return users, next, nil
}

// CreateUser registers a user. The subject is made here and starts with oauth.SubjectPrefix, as
// no client id does.
func (f *Flows) CreateUser(ctx context.Context, u *oauth.User, password string) (*oauth.User, error) {
	u = u.Clone()
	u.Subject = oauth.SubjectPrefix + token.NewSecret()[:22]
	return f.putUser(ctx, u, password)
}

func (f *Flows) putUser(ctx context.Context, u *oauth.User, password string) (*oauth.User, error) {
	if problems := oauth.CheckUser(u); len(problems) > 0 {
		return nil, oauth.InvalidRequest(strings.Join(problems, "; "))
	}
	hash, err := f.cfg.Passwords.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	u.PasswordHash, u.CreatedAt, u.Version = hash, f.now(), 1
	u.UpdatedAt = u.CreatedAt
	switch err := f.store.CreateUser(ctx, u); {
	case errors.Is(err, store.ErrExists):
		return nil, errUserExists
	case err != nil:
		return nil, outage(err)
	}
	f.emit(EventUserChanged, Event{Subject: u.Subject, Detail: "created"})
	return u, nil
}

// SetPassword changes a password and ends every session and grant from before: whoever knew the
// old one is out.
func (f *Flows) SetPassword(ctx context.Context, username, password string) (*oauth.User, error) {
	u, err := f.GetUser(ctx, username)
	if err != nil {
		return nil, err
	}
	if u.PasswordHash, err = f.cfg.Passwords.Hash(ctx, password); err != nil {
		return nil, err
	}
	if err := f.saveUser(ctx, u, "password set"); err != nil {
		return nil, err
	}
	return u, f.endSubject(ctx, u.Subject)
}

// SetUserDisabled disables or enables a user. Disabling ends every session, grant and token;
// enabling brings none of them back.
func (f *Flows) SetUserDisabled(ctx context.Context, username string, disabled bool) (*oauth.User, error) {
	u, err := f.GetUser(ctx, username)
	if err != nil {
		return nil, err
	}
	what := "enabled"
	if u.Disabled = disabled; disabled {
		what = "disabled"
	}
	if err := f.saveUser(ctx, u, what); err != nil {
		return nil, err
	}
	if !disabled {
		return u, nil
	}
	return u, f.endSubject(ctx, u.Subject)
}

// DeleteUser removes a user and ends all that was issued for them.
func (f *Flows) DeleteUser(ctx context.Context, username string) error {
	u, err := f.GetUser(ctx, username)
	if err != nil {
		return err
	}
	switch err := f.store.DeleteUser(ctx, u.Subject); {
	case errors.Is(err, store.ErrAbsent):
		return errNoUser
	case err != nil:
		return outage(err)
	}
	f.emit(EventUserChanged, Event{Subject: u.Subject, Detail: "deleted"})
	return f.endSubject(ctx, u.Subject)
}

func (f *Flows) saveUser(ctx context.Context, u *oauth.User, what string) error {
	u.UpdatedAt = f.now()
	switch err := f.store.UpdateUser(ctx, u); {
	case errors.Is(err, store.ErrAbsent):
		return errNoUser
	case errors.Is(err, store.ErrVersion):
		return errUserChanged
	case err != nil:
		return outage(err)
	}
	u.Version++
	f.emit(EventUserChanged, Event{Subject: u.Subject, Detail: what})
	return nil
}

// endSubject ends every session, token and grant of a subject that exists now.
func (f *Flows) endSubject(ctx context.Context, subject string) error {
	return f.cutTwice(func(at time.Time) error {
		return f.store.RevokeSubject(ctx, subject, at, f.grantsEnd())
	})
}

// cutTwice sets a cut-off and then a later one. Once the first is set, every check refuses what is
// older. A call that had passed its check by then may still issue a token, dated after the first
// cut-off; it began before the second.
func (f *Flows) cutTwice(cut func(at time.Time) error) error {
	for range 2 {
		if err := cut(f.now()); err != nil {
			return outage(err)
		}
	}
	return nil
}
