package redistore

import (
	"context"
	"errors"
	"strconv"

	"tollgate/flows/store"
	"tollgate/redisx"
)

var epochField = []string{"epoch"} // of the key set

// question is one key that speaks about one reference.
type question struct {
	key    string
	cutOff bool // the value is a moment; otherwise being there is the answer
}

// CheckRevoked implements store.Revocations: every question about every reference, and the
// epoch once, from memory or in one round trip.
func (s *Store) CheckRevoked(ctx context.Context, refs []store.TokenRef) []error {
	questions := make([][]question, len(refs))
	reads := make([]redisx.Read, 0, 5*len(refs)+1)
	for i := range refs {
		questions[i] = s.questions(&refs[i])
		for _, q := range questions[i] {
			reads = append(reads, redisx.Read{Key: q.key})
		}
	}
	reads = append(reads, redisx.Read{Key: s.names.keys(), Fields: epochField})
	replies := s.read(ctx, "check_revoked", reads...)
	epoch := replies[len(replies)-1]

	answers := make([]error, len(refs))
	good := false
	for i := range refs {
		n := len(questions[i])
		answers[i] = verdict(&refs[i], questions[i], replies[:n], epoch)
		good = good || answers[i] == nil
		replies = replies[n:]
	}
	if good {
		s.distrust(ctx, answers)
	}
	return answers
}

// distrust takes back that something stands, where the data are not to be trusted.
func (s *Store) distrust(ctx context.Context, answers []error) {
	trusted := s.trusted(ctx)
	for i, err := range answers {
		if err == nil {
			answers[i] = trusted
		}
	}
}

func (s *Store) questions(ref *store.TokenRef) []question {
	qs := make([]question, 0, 5)
	if ref.ID != "" {
		qs = append(qs, question{key: s.names.revokedToken(ref.ID)})
	}
	if ref.Grant != "" {
		qs = append(qs, question{key: s.names.revokedGrant(ref.Grant)})
	}
	if ref.SessionID != "" {
		qs = append(qs, question{key: s.names.revokedSession(ref.SessionID)})
	}
	if ref.ClientID != "" {
		qs = append(qs, question{key: s.names.revokedClient(ref.ClientID), cutOff: true})
	}
	if ref.Subject != "" {
		qs = append(qs, question{key: s.names.revokedSubject(ref.Subject), cutOff: true})
	}
	return qs
}

// verdict is ErrRevoked if anything says so; else what could not be asked; else ErrReset if the
// data is another's.
func verdict(ref *store.TokenRef, questions []question, replies []redisx.Reply, epoch redisx.Reply) error {
	var unknown error
	for i, q := range questions {
		revoked, err := q.answer(ref, replies[i])
		if revoked {
			return store.ErrRevoked
		}
		if err != nil {
			unknown = err
		}
	}
	if unknown != nil || ref.Epoch == "" {
		return unknown
	}
	switch stored, err := text(epoch.RedisMessage, epoch.Err); {
	case errors.Is(err, store.ErrAbsent):
		return store.ErrReset
	case err != nil:
		return err
	case stored != ref.Epoch:
		return store.ErrReset
	}
	return nil
}

func (q question) answer(ref *store.TokenRef, reply redisx.Reply) (revoked bool, err error) {
	value, err := text(reply.RedisMessage, reply.Err)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return false, nil
	case err != nil:
		return false, err
	case !q.cutOff:
		return true, nil
	}
	at, err := strconv.ParseInt(value, 10, 64)
	return err == nil && ref.IssuedAt.UnixMilli() <= at, err
}
