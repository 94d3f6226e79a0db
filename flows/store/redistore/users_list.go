package redistore

import (
	"context"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// ListUsers implements store.Users: names out of the listing, then their subjects, then the
// records; three round trips however long the piece is.
func (s *Store) ListUsers(ctx context.Context, p store.Page) ([]*oauth.User, string, error) {
	const op = "list_users"
	usernames, next, err := s.listed(ctx, op, s.names.users(), p)
	if err != nil {
		return nil, "", err
	}
	keys := make([]string, len(usernames))
	for i, username := range usernames {
		keys[i] = s.names.username(username)
	}
	subjects, err := s.getAll(ctx, op, keys)
	if err != nil {
		return nil, "", err
	}
	for i, subject := range subjects {
		keys[i] = s.names.user(subject)
	}
	values, err := s.getAll(ctx, op, keys)
	if err != nil {
		return nil, "", err
	}
	var users []*oauth.User
	for i, value := range values {
		if value == "" { // being made, or deleted since the listing was read
			continue
		}
		u, err := parseUser(value)
		if err != nil {
			return nil, "", err
		}
		if u.Username == usernames[i] {
			users = append(users, u)
		}
	}
	return users, next, nil
}
