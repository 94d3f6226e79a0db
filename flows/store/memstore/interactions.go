package memstore

import (
	"context"
	"slices"

	"tollgate/flows/store"
)

type interaction struct {
	request  store.Interaction
	finished bool
	outcome  []byte
}

// PutInteraction implements store.Interactions. Storing it again keeps its outcome.
func (s *Store) PutInteraction(_ context.Context, handle store.Hash, i *store.Interaction) error {
	v := s.lock(string(handle[:]))
	defer v.unlock()
	stored := &interaction{request: cloneInteraction(i)}
	if old, ok := find[*interaction](v, kindInteraction, string(handle[:])); ok {
		stored.finished, stored.outcome = old.finished, old.outcome
	}
	return v.put(kindInteraction, string(handle[:]), stored, i.ExpiresAt)
}

// GetInteraction implements store.Interactions.
func (s *Store) GetInteraction(_ context.Context, handle store.Hash) (*store.Interaction, error) {
	v := s.lock(string(handle[:]))
	defer v.unlock()
	i, ok := find[*interaction](v, kindInteraction, string(handle[:]))
	if !ok {
		return nil, store.ErrAbsent
	}
	request := cloneInteraction(&i.request)
	return &request, nil
}

// FinishInteraction implements store.Interactions.
func (s *Store) FinishInteraction(_ context.Context, handle store.Hash, outcome []byte) ([]byte, error) {
	v := s.lock(string(handle[:]))
	defer v.unlock()
	i, ok := find[*interaction](v, kindInteraction, string(handle[:]))
	if !ok {
		return nil, store.ErrAbsent
	}
	if !i.finished {
		i.finished, i.outcome = true, slices.Clone(outcome)
	}
	return slices.Clone(i.outcome), nil
}

// GetOutcome implements store.Interactions.
func (s *Store) GetOutcome(_ context.Context, handle store.Hash) ([]byte, error) {
	v := s.lock(string(handle[:]))
	defer v.unlock()
	i, ok := find[*interaction](v, kindInteraction, string(handle[:]))
	if !ok || !i.finished {
		return nil, store.ErrAbsent
	}
	return slices.Clone(i.outcome), nil
}

func cloneInteraction(i *store.Interaction) store.Interaction {
	c := *i
	c.Scope = slices.Clone(i.Scope)
	c.Prompt = slices.Clone(i.Prompt)
	return c
}
