package redistore

import (
	"context"
	"strings"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/redisx"
)

// consentReads are the fields of a consent, each of them remembered by itself.
func (s *Store) consentReads(subject, clientID string) []redisx.Read {
	key := s.names.consent(subject, clientID)
	return []redisx.Read{{Key: key, Field: "subject"}, {Key: key, Field: "client"}, {Key: key, Field: "granted"}, {Key: key, Field: "scope"}}
}

// parseConsent reads what consentReads found; where a field is missing, all of it is going.
func parseConsent(replies []redisx.Reply, subject, clientID string) (*store.Consent, error) {
	var values [4]string
	for i := range values {
		var err error
		if values[i], err = text(replies[i].RedisMessage, replies[i].Err); err != nil {
			return nil, err
		}
	}
	if values[0] != subject || values[1] != clientID {
		return nil, store.ErrAbsent
	}
	granted, err := parseMS(values[2])
	if err != nil {
		return nil, err
	}
	c := &store.Consent{Subject: subject, ClientID: clientID, GrantedAt: granted}
	if values[3] != "" {
		c.Scope = oauth.Scope(strings.Split(values[3], " "))
	}
	return c, nil
}

// GetConsent implements store.Consents.
func (s *Store) GetConsent(ctx context.Context, subject, clientID string) (*store.Consent, error) {
	return parseConsent(s.read(ctx, "get_consent", s.consentReads(subject, clientID)...), subject, clientID)
}

// AddConsent implements store.Consents.
func (s *Store) AddConsent(ctx context.Context, c *store.Consent) error {
	key := s.names.consent(c.Subject, c.ClientID)
	defer s.redis.Wrote(key)
	_, err := s.exec(ctx, addConsent, "add_consent", []string{key},
		c.Subject, c.ClientID, c.Scope.String(), ms(c.GrantedAt))
	return err
}

// DeleteConsent implements store.Consents.
func (s *Store) DeleteConsent(ctx context.Context, subject, clientID string) error {
	key := s.names.consent(subject, clientID)
	defer s.redis.Wrote(key)
	_, err := s.del(ctx, "delete_consent", key)
	return err
}
