package memstore

import (
	"context"
	"slices"
	"time"

	"tollgate/flows/store"
)

// GetConsent implements store.Consents.
func (s *Store) GetConsent(_ context.Context, subject, clientID string) (*store.Consent, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	stored := s.consents[consentID{subject, clientID}]
	if stored == nil {
		return nil, store.ErrAbsent
	}
	c := *stored
	c.Scope = slices.Clone(stored.Scope)
	return &c, nil
}

// AddConsent implements store.Consents.
func (s *Store) AddConsent(_ context.Context, c *store.Consent, since time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := consentID{c.Subject, c.ClientID}
	wider := *c
	wider.Scope = slices.Clone(c.Scope)
	if stored := s.consents[id]; stored != nil && !stored.GrantedAt.Before(since) {
		wider.Scope = stored.Scope.Union(c.Scope)
		wider.GrantedAt = later(stored.GrantedAt, c.GrantedAt)
	}
	s.consents[id] = &wider
	return nil
}

// DeleteConsent implements store.Consents.
func (s *Store) DeleteConsent(_ context.Context, subject, clientID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.consents, consentID{subject, clientID})
	return nil
}
