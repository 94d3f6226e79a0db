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
	if err := f.putUser(ctx, u, password); err != nil {
		return nil, err
	}
	f.emit(ctx, EventUserChanged, Event{Subject: u.Subject, Detail: "created"})
	return u, nil
}

func (f *Flows) putUser(ctx context.Context, u *oauth.User, password string) error {
	if problems := oauth.CheckUser(u); len(problems) > 0 {
		return oauth.InvalidRequest(strings.Join(problems, "; "))
	}
	hash, err := f.cfg.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	u.PasswordHash, u.CreatedAt, u.Version, u.Generation = hash, f.now(), 1, newGeneration()
	u.UpdatedAt = u.CreatedAt
	switch err := f.store.CreateUser(ctx, u); {
	case errors.Is(err, store.ErrExists):
		return errUserExists
	case err != nil:
		return outage(err)
	}
	return nil
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
	u.Generation = newGeneration()
	if err := f.saveUser(ctx, u, "password set"); err != nil {
		return nil, err
	}
	return u, f.endSubject(ctx, u.Subject)
}

// SetUserDisabled disables or enables a user. Disabling ends every session, grant and token, and
// whatever is issued in the next half minute, as clocks of nodes differ; enabling brings none of them
// back, and UserUsableFrom tells when that is over. It may be repeated until it succeeds.
func (f *Flows) SetUserDisabled(ctx context.Context, username string, disabled bool) (*oauth.User, error) {
	u, err := f.GetUser(ctx, username)
	if err != nil {
		return nil, err
	}
	if disabled {
		return u, f.disableUser(ctx, u)
	}
	u.Disabled = false
	return u, f.saveUser(ctx, u, "enabled")
}

func (f *Flows) disableUser(ctx context.Context, u *oauth.User) error {
	u.Disabled, u.Generation = true, newGeneration()
	if err := f.saveUser(ctx, u, "disabled"); err != nil {
		return err
	}
	return f.endUntil(ctx, u.Subject, f.ahead())
}

// DeleteUser removes a user and ends all that was issued for them. It ends first: however far it
// gets, it may be repeated, and what is half deleted is disabled.
func (f *Flows) DeleteUser(ctx context.Context, username string) error {
	u, err := f.GetUser(ctx, username)
	if err != nil {
		return err
	}
	if err := f.disableUser(ctx, u); err != nil {
		return err
	}
	switch err := f.store.DeleteUser(ctx, u.Subject); {
	case errors.Is(err, store.ErrAbsent):
		return errNoUser
	case err != nil:
		return outage(err)
	}
	f.emit(ctx, EventUserChanged, Event{Subject: u.Subject, Detail: "deleted"})
	return nil
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
	f.emit(ctx, EventUserChanged, Event{Subject: u.Subject, Detail: what})
	return nil
}

// endUser ends every session, token and grant of a user that exists now.
func (f *Flows) endUser(ctx context.Context, username string) error {
	u, err := f.GetUser(ctx, username)
	if err != nil {
		return err
	}
	u.Generation = newGeneration()
	if err := f.saveUser(ctx, u, "grants ended"); err != nil {
		return err
	}
	return f.endSubject(ctx, u.Subject)
}

func (f *Flows) endSubject(ctx context.Context, subject string) error {
	return f.endUntil(ctx, subject, 0)
}

// endUntil ends what was issued for a subject up to that long from now.
func (f *Flows) endUntil(ctx context.Context, subject string, ahead time.Duration) error {
	err := f.cut(func(at time.Time) error {
		return f.store.RevokeSubject(ctx, subject, at.Add(ahead), f.grantsEnd())
	})
	if err == nil {
		f.emit(ctx, EventGrantRevoked, Event{Subject: subject, Detail: "all of the user"})
	}
	return err
}

// newGeneration names a new life of a user or client: what was given in an older one has ended.
func newGeneration() string { return token.NewSecret()[:11] }

// cut sets a cut-off and then a later one. Once the first is set, every check refuses what is
// older. A call that had passed its check by then may still issue a token, dated after the first
// cut-off; it began before the second.
func (f *Flows) cut(cut func(at time.Time) error) error {
	for range 2 {
		if err := cut(f.now()); err != nil {
			return outage(err)
		}
	}
	return nil
}
