package redistore

import (
	"context"
	"strings"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/redisx"
)

// consentFields are what parseConsent reads. All of them are always there.
var consentFields = []string{"subject", "client", "granted", "scope"}

func (s *Store) consentRead(subject, clientID string) redisx.Read {
	return redisx.Read{Key: s.names.consent(subject, clientID), Fields: consentFields}
}

func parseConsent(reply redisx.Reply, subject, clientID string) (*store.Consent, error) {
	if reply.Err != nil {
		return nil, reply.Err
	}
	values, err := row(reply.RedisMessage)
	if err != nil {
		return nil, err
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
	return parseConsent(s.read(ctx, "get_consent", s.consentRead(subject, clientID))[0], subject, clientID)
}

// AddConsent implements store.Consents.
func (s *Store) AddConsent(ctx context.Context, c *store.Consent, since time.Time) error {
	key := s.names.consent(c.Subject, c.ClientID)
	defer s.redis.Wrote(key)
	_, err := s.exec(ctx, addConsent, "add_consent", []string{key},
		c.Subject, c.ClientID, c.Scope.String(), ms(c.GrantedAt), ms(since))
	return err
}

// DeleteConsent implements store.Consents.
func (s *Store) DeleteConsent(ctx context.Context, subject, clientID string) error {
	key := s.names.consent(subject, clientID)
	defer s.redis.Wrote(key)
	_, err := s.del(ctx, "delete_consent", key)
	return err
}
