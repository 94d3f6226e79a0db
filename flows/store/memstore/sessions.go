package memstore

import (
	"context"

	"tollgate/flows/store"
)

// PutSession implements store.Sessions.
func (s *Store) PutSession(_ context.Context, cookie store.Hash, session *store.Session) error {
	v := s.lock(string(cookie[:]))
	defer v.unlock()
	return v.put(kindSession, string(cookie[:]), *session, session.ExpiresAt)
}

// GetSession implements store.Sessions.
func (s *Store) GetSession(_ context.Context, cookie store.Hash) (*store.Session, error) {
	v := s.lock(string(cookie[:]))
	defer v.unlock()
	session, ok := find[store.Session](v, kindSession, string(cookie[:]))
	if !ok {
		return nil, store.ErrAbsent
	}
	return &session, nil
}

// DeleteSession implements store.Sessions.
func (s *Store) DeleteSession(_ context.Context, cookie store.Hash) error {
	v := s.lock(string(cookie[:]))
	defer v.unlock()
	v.drop(kindSession, string(cookie[:]))
	return nil
}
