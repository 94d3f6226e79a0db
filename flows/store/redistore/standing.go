package redistore

import (
	"context"
	"errors"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/redisx"
)

// GetStanding implements store.Standings: everything from memory, or in one round trip.
func (s *Store) GetStanding(ctx context.Context, g *oauth.Grant) (*store.Standing, error) {
	const op = "get_standing"
	refs := []store.TokenRef{
		{ClientID: g.ClientID, IssuedAt: g.CreatedAt},
		{Subject: g.Subject, SessionID: g.SessionID, IssuedAt: g.AuthTime},
	}
	reads := append([]redisx.Read{{Key: s.names.client(g.ClientID)}, {Key: s.names.user(g.Subject)}},
		s.consentReads(g.Subject, g.ClientID)...)
	records := len(reads)
	var questions [2][]question
	for i := range refs {
		questions[i] = s.questions(&refs[i])
		for _, q := range questions[i] {
			reads = append(reads, redisx.Read{Key: q.key})
		}
	}
	reads = append(reads, redisx.Read{Key: s.names.keys(), Field: "epoch"})
	replies := s.read(ctx, op, reads...)
	now, err := parseStanding(replies[:records], g)
	if err != nil {
		return nil, err
	}
	replies = replies[records:]
	for i := range refs {
		n := len(questions[i])
		switch err := verdict(&refs[i], questions[i], replies[:n], redisx.Reply{}); {
		case errors.Is(err, store.ErrRevoked):
			now.Revoked = true
		case err != nil:
			return nil, err
		}
		replies = replies[n:]
	}
	if now.Epoch, err = text(replies[0].RedisMessage, replies[0].Err); err != nil && !errors.Is(err, store.ErrAbsent) {
		return nil, err
	}
	return now, s.trusted(ctx)
}

// parseStanding reads the records of client, user and consent.
func parseStanding(replies []redisx.Reply, g *oauth.Grant) (*store.Standing, error) {
	var now store.Standing
	value, err := text(replies[0].RedisMessage, replies[0].Err)
	if err == nil {
		now.Client, err = parseClient(value, g.ClientID)
	}
	if err != nil && !errors.Is(err, store.ErrAbsent) {
		return nil, err
	}
	if value, err = text(replies[1].RedisMessage, replies[1].Err); err == nil {
		now.User, err = parseUserOf(value, g.Subject)
	}
	if err != nil && !errors.Is(err, store.ErrAbsent) {
		return nil, err
	}
	if now.Consent, err = parseConsent(replies[2:], g.Subject, g.ClientID); err != nil && !errors.Is(err, store.ErrAbsent) {
		return nil, err
	}
	return &now, nil
}
