package redistore

import (
	"context"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/redisx"
)

// claimLife is how long a username is held for a creation that does not come to its end.
const claimLife = 10 * time.Second

// GetUser implements store.Users.
func (s *Store) GetUser(ctx context.Context, subject string) (*oauth.User, error) {
	value, err := s.getCached(ctx, "get_user", s.names.user(subject))
	if err != nil {
		return nil, err
	}
	return parseUserOf(value, subject)
}

// parseUserOf reads a user, and says ErrAbsent if it is another one.
func parseUserOf(value, subject string) (*oauth.User, error) {
	u, err := parseUser(value)
	if err == nil && u.Subject != subject {
		return nil, store.ErrAbsent
	}
	return u, err
}

// FindUser implements store.Users. A login must not go by an old password.
func (s *Store) FindUser(ctx context.Context, username string) (*oauth.User, error) {
	subject, err := s.get(ctx, "find_user", s.names.username(username))
	if err != nil {
		return nil, err
	}
	u, err := s.GetUser(store.Fresh(ctx), subject)
	if err == nil && u.Username != username {
		return nil, store.ErrAbsent
	}
	return u, err
}

func parseUser(value string) (*oauth.User, error) {
	var u oauth.User
	err := parseVersioned("get_user", value, &u)
	return &u, err
}

// CreateUser implements store.Users. The two names lie in different slots, so no script can take
// both: the username is claimed for a while, the record is stored, and the claim is made to last
// if it is still ours. Whatever stops in between leaves a claim that expires.
func (s *Store) CreateUser(ctx context.Context, u *oauth.User) error {
	const op = "create_user"
	value, err := userRecord(op, u, 1)
	if err != nil {
		return err
	}
	if err := s.claimUsername(ctx, op, u); err != nil {
		return err
	}
	key := s.names.user(u.Subject)
	defer s.redis.Wrote(key)
	if err := s.create(ctx, op, key, value); err != nil {
		if err == store.ErrExists {
			err = s.abandonClaim(ctx, op, u)
		}
		return err
	}
	if err := s.list(ctx, op, s.names.users(), u.Username); err != nil {
		return err
	}
	_, err = s.exec(ctx, confirmUsername, op, []string{s.names.username(u.Username)}, u.Subject)
	if err == store.ErrExists { // we were so slow that somebody else has the name now
		if _, err := s.del(ctx, op, key); err != nil {
			return err
		}
	}
	return err
}

// claimUsername takes the username for the subject; ErrExists if another one has it. The same
// subject may go on where an earlier try of its own stopped.
func (s *Store) claimUsername(ctx context.Context, op string, u *oauth.User) error {
	key := s.names.username(u.Username)
	_, err := s.redis.Do(ctx, op, s.redis.B().Set().Key(key).Value(u.Subject).Nx().Px(claimLife).Build())
	if err != redisx.ErrNil {
		return err
	}
	switch holder, err := s.get(ctx, op, key); {
	case err == store.ErrAbsent: // it expired between the two
		return store.ErrExists
	case err != nil:
		return err
	case holder != u.Subject:
		return store.ErrExists
	}
	return nil
}

// abandonClaim gives the username back where the subject turned out to be a user of another
// name, and always says ErrExists.
func (s *Store) abandonClaim(ctx context.Context, op string, u *oauth.User) error {
	stored, err := s.GetUser(store.Fresh(ctx), u.Subject)
	if err != nil && err != store.ErrAbsent {
		return err
	}
	if err == nil && stored.Username != u.Username {
		if err := s.dropUsername(ctx, op, u.Username, u.Subject); err != nil {
			return err
		}
	}
	return store.ErrExists
}

func (s *Store) dropUsername(ctx context.Context, op, username, subject string) error {
	_, err := s.exec(ctx, dropUsername, op, []string{s.names.username(username)}, subject)
	return err
}

// UpdateUser implements store.Users. A username cannot change, so reading it beforehand is no race.
func (s *Store) UpdateUser(ctx context.Context, u *oauth.User) error {
	const op = "update_user"
	stored, err := s.GetUser(store.Fresh(ctx), u.Subject)
	if err != nil {
		return err
	}
	if stored.Username != u.Username {
		return store.ErrAbsent
	}
	value, err := userRecord(op, u, u.Version+1)
	if err != nil {
		return err
	}
	key := s.names.user(u.Subject)
	defer s.redis.Wrote(key)
	return s.replace(ctx, op, key, u.Version, value)
}

func userRecord(op string, u *oauth.User, version int64) (string, error) {
	stored := *u
	stored.Version = version
	return versioned(op, version, &stored)
}

// DeleteUser implements store.Users. The record goes last: a deletion that stopped half way can
// be repeated. The name leaves the listing while it is still held, so that nobody who takes it
// afterwards is unlisted.
func (s *Store) DeleteUser(ctx context.Context, subject string) error {
	const op = "delete_user"
	u, err := s.GetUser(store.Fresh(ctx), subject)
	if err != nil {
		return err
	}
	if err := s.unlist(ctx, op, s.names.users(), u.Username); err != nil {
		return err
	}
	if err := s.dropUsername(ctx, op, u.Username, subject); err != nil {
		return err
	}
	key := s.names.user(subject)
	found, err := s.delDurably(ctx, op, key)
	s.redis.Wrote(key)
	if err == nil && !found {
		return store.ErrAbsent
	}
	return err
}
