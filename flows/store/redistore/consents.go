package redistore

import (
	"context"
	"strings"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// GetConsent implements store.Consents.
func (s *Store) GetConsent(ctx context.Context, subject, clientID string) (*store.Consent, error) {
	const op = "get_consent"
	values, err := s.fields(ctx, op, s.names.consent(subject, clientID), "subject", "client", "scope", "granted")
	if err != nil {
		return nil, err
	}
	if values[0] != subject || values[1] != clientID {
		return nil, store.ErrAbsent
	}
	granted, err := parseMS(values[3])
	if err != nil {
		return nil, err
	}
	c := &store.Consent{Subject: subject, ClientID: clientID, GrantedAt: granted}
	if values[2] != "" {
		c.Scope = oauth.Scope(strings.Split(values[2], " "))
	}
	return c, nil
}

// AddConsent implements store.Consents.
func (s *Store) AddConsent(ctx context.Context, c *store.Consent) error {
	_, err := s.exec(ctx, addConsent, "add_consent", []string{s.names.consent(c.Subject, c.ClientID)},
		c.Subject, c.ClientID, c.Scope.String(), ms(c.GrantedAt))
	return err
}

// DeleteConsent implements store.Consents.
func (s *Store) DeleteConsent(ctx context.Context, subject, clientID string) error {
	_, err := s.del(ctx, "delete_consent", s.names.consent(subject, clientID))
	return err
}
