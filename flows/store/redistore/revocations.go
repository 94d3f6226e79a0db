package redistore

import (
	"context"
	"errors"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// RevokeToken implements store.Revocations.
func (s *Store) RevokeToken(ctx context.Context, id oauth.TokenID, until time.Time) error {
	return s.revoke(ctx, "revoke_token", s.names.revokedToken(id), "0", until)
}

// RevokeGrant implements store.Revocations.
func (s *Store) RevokeGrant(ctx context.Context, id oauth.GrantID, until time.Time) error {
	key := s.names.revokedGrant(id)
	defer s.redis.Wrote(key)
	_, err := s.exec(ctx, revokeGrant, "revoke_grant",
		[]string{s.names.family(id), key, s.names.code(id)}, s.ttl(until))
	return err
}

// RevokeSession implements store.Revocations.
func (s *Store) RevokeSession(ctx context.Context, sid string, until time.Time) error {
	return s.revoke(ctx, "revoke_session", s.names.revokedSession(sid), "0", until)
}

// RevokeClient implements store.Revocations.
func (s *Store) RevokeClient(ctx context.Context, clientID string, at, until time.Time) error {
	return s.revoke(ctx, "revoke_client", s.names.revokedClient(clientID), ms(at), until)
}

// RevokeSubject implements store.Revocations.
func (s *Store) RevokeSubject(ctx context.Context, subject string, at, until time.Time) error {
	return s.revoke(ctx, "revoke_subject", s.names.revokedSubject(subject), ms(at), until)
}

// ClientCutOff implements store.Revocations.
func (s *Store) ClientCutOff(ctx context.Context, clientID string) (time.Time, error) {
	return s.cutOff(ctx, s.names.revokedClient(clientID))
}

// SubjectCutOff implements store.Revocations.
func (s *Store) SubjectCutOff(ctx context.Context, subject string) (time.Time, error) {
	return s.cutOff(ctx, s.names.revokedSubject(subject))
}

func (s *Store) cutOff(ctx context.Context, key string) (time.Time, error) {
	at, err := s.get(ctx, "get_cut_off", key)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	}
	return parseMS(at)
}

// Generation implements store.Revocations. Everything about a grant is under its id as the hash tag.
// While the data are of an earlier time it is another one: nothing that is remembered counts then.
func (s *Store) Generation(g oauth.GrantID) uint64 {
	generation := s.redis.Generation(string(g))
	if s.beat.old.Load() {
		return ^generation
	}
	return generation
}

// GenerationLife implements store.Revocations.
func (s *Store) GenerationLife() time.Duration { return s.redis.GenerationLife() }

func (s *Store) revoke(ctx context.Context, op, key, at string, until time.Time) error {
	defer s.redis.Wrote(key)
	_, err := s.exec(ctx, revoke, op, []string{key}, at, s.ttl(until))
	return err
}
