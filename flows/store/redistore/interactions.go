package redistore

import (
	"context"

	"tollgate/flows/store"
)

// PutInteraction implements store.Interactions. Storing it again keeps its outcome.
func (s *Store) PutInteraction(ctx context.Context, handle store.Hash, i *store.Interaction) error {
	const op = "put_interaction"
	data, err := encode(op, i)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, putInteraction, op, []string{s.names.interaction(handle)}, data, s.ttl(i.ExpiresAt))
	return err
}

// GetInteraction implements store.Interactions.
func (s *Store) GetInteraction(ctx context.Context, handle store.Hash) (*store.Interaction, error) {
	const op = "get_interaction"
	values, err := s.fields(ctx, op, s.names.interaction(handle), "data")
	if err != nil {
		return nil, err
	}
	var i store.Interaction
	if err := decode(op, values[0], &i); err != nil {
		return nil, err
	}
	if s.over(i.ExpiresAt) {
		return nil, store.ErrAbsent
	}
	return &i, nil
}

// FinishInteraction implements store.Interactions.
func (s *Store) FinishInteraction(ctx context.Context, handle store.Hash, outcome []byte) ([]byte, error) {
	first, err := s.exec(ctx, finishInteraction, "finish_interaction",
		[]string{s.names.interaction(handle)}, string(outcome))
	if err != nil {
		return nil, err
	}
	return []byte(first[0]), nil
}

// GetOutcome implements store.Interactions.
func (s *Store) GetOutcome(ctx context.Context, handle store.Hash) ([]byte, error) {
	values, err := s.fields(ctx, "get_outcome", s.names.interaction(handle), "outcome")
	if err != nil {
		return nil, err
	}
	return []byte(values[0]), nil
}
