package redistore

import (
	"context"
	"errors"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/redisx"
)

// GetStanding implements store.Standings: from what is kept, from the answers that are remembered, or
// in one round trip. The changes are counted before anything is read, so that one in between makes for
// one more question, never for one too few.
func (s *Store) GetStanding(ctx context.Context, g *oauth.Grant) (*store.Standing, error) {
	changes, age := s.redis.Changes(), time.Since(s.opened)
	if !store.IsFresh(ctx) {
		if now := s.standings.get(g, changes, age); now != nil {
			return now, s.trusted(ctx)
		}
	}
	now, err := s.readStanding(ctx, g)
	if err != nil {
		return nil, err
	}
	if isWhole(now) {
		s.standings.put(g, now, changes, age, age+s.GenerationLife())
	}
	return now, s.trusted(ctx)
}

// isWhole reports whether a standing may be kept. What is missing or ended is asked for each time.
func isWhole(now *store.Standing) bool {
	return now.Client != nil && now.User != nil && now.Consent != nil && !now.Revoked
}

// readStanding reads all of it at once.
func (s *Store) readStanding(ctx context.Context, g *oauth.Grant) (*store.Standing, error) {
	refs := [2]store.TokenRef{
		{ClientID: g.ClientID, IssuedAt: g.CreatedAt},
		{Subject: g.Subject, SessionID: g.SessionID, IssuedAt: g.AuthTime},
	}
	reads := []redisx.Read{{Key: s.names.client(g.ClientID)}, {Key: s.names.user(g.Subject)}, s.consentRead(g.Subject, g.ClientID),
		{Key: s.names.keys(), Fields: epochField}}
	records := len(reads)
	var questions [2][]question
	for i := range refs {
		questions[i] = s.questions(&refs[i])
		for _, q := range questions[i] {
			reads = append(reads, redisx.Read{Key: q.key})
		}
	}
	replies := s.read(ctx, "get_standing", reads...)
	now, err := s.parseStanding(replies[:records], g)
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
	return now, nil
}

// parseStanding reads the records of client, user and consent, and the epoch.
func (s *Store) parseStanding(replies []redisx.Reply, g *oauth.Grant) (*store.Standing, error) {
	var now store.Standing
	value, err := text(replies[0].RedisMessage, replies[0].Err)
	if err == nil {
		now.Client, err = s.decoded.decode(value, g.ClientID)
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
	if now.Consent, err = parseConsent(replies[2], g.Subject, g.ClientID); err != nil && !errors.Is(err, store.ErrAbsent) {
		return nil, err
	}
	if now.Epoch, err = text(replies[3].RedisMessage, replies[3].Err); err != nil && !errors.Is(err, store.ErrAbsent) {
		return nil, err
	}
	return &now, nil
}
