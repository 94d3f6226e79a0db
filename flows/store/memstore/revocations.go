package memstore

import (
	"context"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// RevokeToken implements store.Revocations.
func (s *Store) RevokeToken(_ context.Context, id oauth.TokenID, until time.Time) error {
	return s.revoke(kindEndedToken, string(id), time.Time{}, until)
}

// RevokeGrant implements store.Revocations.
func (s *Store) RevokeGrant(_ context.Context, id oauth.GrantID, until time.Time) error {
	v := s.lock(string(id))
	defer v.unlock()
	v.endGrant(string(id), until)
	return nil
}

// RevokeSession implements store.Revocations.
func (s *Store) RevokeSession(_ context.Context, sid string, until time.Time) error {
	return s.revoke(kindEndedSession, sid, time.Time{}, until)
}

// RevokeClient implements store.Revocations.
func (s *Store) RevokeClient(_ context.Context, clientID string, at, until time.Time) error {
	return s.revoke(kindClientCutoff, clientID, at, until)
}

// RevokeSubject implements store.Revocations.
func (s *Store) RevokeSubject(_ context.Context, subject string, at, until time.Time) error {
	return s.revoke(kindSubjectCutoff, subject, at, until)
}

// ClientCutOff implements store.Revocations.
func (s *Store) ClientCutOff(_ context.Context, clientID string) (time.Time, error) {
	return s.cutOffOf(kindClientCutoff, clientID), nil
}

// SubjectCutOff implements store.Revocations.
func (s *Store) SubjectCutOff(_ context.Context, subject string) (time.Time, error) {
	return s.cutOffOf(kindSubjectCutoff, subject), nil
}

func (s *Store) cutOffOf(kind kind, id string) time.Time {
	v := s.lock(id)
	defer v.unlock()
	at, _ := find[time.Time](v, kind, id)
	return at
}

func (s *Store) revoke(kind kind, id string, at, until time.Time) error {
	v := s.lock(id)
	defer v.unlock()
	v.raise(kind, id, at, until)
	return nil
}

// raise stores a revocation. Its moment and its end only ever grow: no later call can take back
// what an earlier one promised.
func (v view) raise(kind kind, id string, at, until time.Time) {
	stored, _ := find[time.Time](v, kind, id)
	v.put(kind, id, later(at, stored), later(until, v.expiry(kind, id))) // revocations are never refused
	v.store.generation.Add(1)
}

// generationLife is long: nothing changes here without Generation moving, but that a revocation is
// forgotten when its tokens are gone.
const generationLife = time.Minute

// Generation implements store.Revocations: one for all grants. It moves while what changed is still
// locked.
func (s *Store) Generation(oauth.GrantID) uint64 { return s.generation.Load() }

// GenerationLife implements store.Revocations.
func (s *Store) GenerationLife() time.Duration { return generationLife }

// CheckRevoked implements store.Revocations.
func (s *Store) CheckRevoked(_ context.Context, refs []store.TokenRef) []error {
	answers := make([]error, len(refs))
	epoch := s.epoch()
	for i := range refs {
		answers[i] = s.checkRevoked(&refs[i], epoch)
	}
	return answers
}

func (s *Store) checkRevoked(ref *store.TokenRef, epoch string) error {
	switch {
	case s.ended(kindEndedToken, string(ref.ID)),
		s.ended(kindEndedGrant, string(ref.Grant)),
		s.ended(kindEndedSession, ref.SessionID),
		s.cutOff(kindClientCutoff, ref.ClientID, ref.IssuedAt),
		s.cutOff(kindSubjectCutoff, ref.Subject, ref.IssuedAt):
		return store.ErrRevoked
	case ref.Epoch != "" && ref.Epoch != epoch:
		return store.ErrReset
	}
	return nil
}

func (s *Store) ended(kind kind, id string) bool {
	if id == "" {
		return false
	}
	v := s.lock(id)
	defer v.unlock()
	_, ended := find[time.Time](v, kind, id)
	return ended
}

func (s *Store) cutOff(kind kind, id string, issued time.Time) bool {
	if id == "" {
		return false
	}
	at := s.cutOffOf(kind, id)
	return !at.IsZero() && !issued.After(at)
}

func (s *Store) epoch() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.keySet == nil {
		return ""
	}
	return s.keySet.Epoch
}
