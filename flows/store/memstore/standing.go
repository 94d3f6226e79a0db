package memstore

import (
	"context"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// GetStanding implements store.Standings. The only error of what it asks is that there is none.
func (s *Store) GetStanding(ctx context.Context, g *oauth.Grant) (*store.Standing, error) {
	var now store.Standing
	now.Client, _ = s.GetClient(ctx, g.ClientID)
	now.User, _ = s.GetUser(ctx, g.Subject)
	now.Consent, _ = s.GetConsent(ctx, g.Subject, g.ClientID)
	now.Epoch = s.epoch()
	now.Revoked = s.ended(kindEndedSession, g.SessionID) ||
		s.cutOff(kindClientCutoff, g.ClientID, g.CreatedAt) ||
		s.cutOff(kindSubjectCutoff, g.Subject, g.AuthTime)
	return &now, nil
}
