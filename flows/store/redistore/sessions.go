package redistore

import (
	"context"

	"tollgate/flows/store"
)

// PutSession implements store.Sessions.
func (s *Store) PutSession(ctx context.Context, cookie store.Hash, session *store.Session) error {
	const op = "put_session"
	left := session.ExpiresAt.Sub(s.now())
	if left <= 0 {
		return s.DeleteSession(ctx, cookie)
	}
	data, err := encode(op, session)
	if err != nil {
		return err
	}
	_, err = s.redis.Do(ctx, op, s.redis.B().Set().Key(s.names.session(cookie)).Value(data).
		PxMilliseconds(milliseconds(left)).Build())
	return err
}

// GetSession implements store.Sessions.
func (s *Store) GetSession(ctx context.Context, cookie store.Hash) (*store.Session, error) {
	const op = "get_session"
	data, err := s.get(ctx, op, s.names.session(cookie))
	if err != nil {
		return nil, err
	}
	var session store.Session
	if err := decode(op, data, &session); err != nil {
		return nil, err
	}
	if s.over(session.ExpiresAt) {
		return nil, store.ErrAbsent
	}
	return &session, nil
}

// DeleteSession implements store.Sessions.
func (s *Store) DeleteSession(ctx context.Context, cookie store.Hash) error {
	_, err := s.del(ctx, "delete_session", s.names.session(cookie))
	return err
}
