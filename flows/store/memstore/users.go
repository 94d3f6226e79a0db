package memstore

import (
	"context"
	"maps"
	"slices"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// GetUser implements store.Users.
func (s *Store) GetUser(_ context.Context, subject string) (*oauth.User, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if u := s.users[subject]; u != nil {
		return u, nil
	}
	return nil, store.ErrAbsent
}

// FindUser implements store.Users.
func (s *Store) FindUser(_ context.Context, username string) (*oauth.User, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if subject, ok := s.subjects[username]; ok {
		return s.users[subject], nil
	}
	return nil, store.ErrAbsent
}

// CreateUser implements store.Users.
func (s *Store) CreateUser(_ context.Context, u *oauth.User) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, taken := s.subjects[u.Username]
	if taken || s.users[u.Subject] != nil {
		return store.ErrExists
	}
	s.setUser(u, 1)
	s.subjects[u.Username] = u.Subject
	return nil
}

// UpdateUser implements store.Users. A username cannot change, so the index stays.
func (s *Store) UpdateUser(_ context.Context, u *oauth.User) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch stored := s.users[u.Subject]; {
	case stored == nil || stored.Username != u.Username:
		return store.ErrAbsent
	case stored.Version != u.Version:
		return store.ErrVersion
	}
	s.setUser(u, u.Version+1)
	return nil
}

func (s *Store) setUser(u *oauth.User, version int64) {
	stored := u.Clone()
	stored.Version = version
	s.users[u.Subject] = stored
}

// DeleteUser implements store.Users.
func (s *Store) DeleteUser(_ context.Context, subject string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[subject]
	if u == nil {
		return store.ErrAbsent
	}
	delete(s.users, subject)
	delete(s.subjects, u.Username)
	return nil
}

// ListUsers implements store.Users.
func (s *Store) ListUsers(_ context.Context, p store.Page) ([]*oauth.User, string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names, next, err := piece(slices.Sorted(maps.Keys(s.subjects)), p)
	if err != nil {
		return nil, "", err
	}
	var users []*oauth.User
	for _, name := range names {
		users = append(users, s.users[s.subjects[name]])
	}
	return users, next, nil
}
