package memstore

import (
	"context"
	"slices"

	"tollgate/flows/store"
)

// GetKeySet implements store.SigningKeys.
func (s *Store) GetKeySet(context.Context) (*store.KeySet, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.keySet == nil {
		return nil, store.ErrAbsent
	}
	return cloneKeySet(s.keySet), nil
}

// SaveKeySet implements store.SigningKeys.
func (s *Store) SaveKeySet(_ context.Context, ks *store.KeySet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.keySet == nil && ks.Version != 1:
		return store.ErrVersion
	case s.keySet != nil && s.keySet.Version != ks.Version-1,
		s.keySet != nil && s.keySet.Epoch != ks.Epoch && s.keySet.Epoch != ks.Replaces:
		return store.ErrVersion
	}
	s.keySet = cloneKeySet(ks)
	s.keySet.Replaces = ""
	s.generation.Add(1)
	return nil
}

func cloneKeySet(ks *store.KeySet) *store.KeySet {
	c := *ks
	c.Keys = slices.Clone(ks.Keys)
	for i := range c.Keys {
		c.Keys[i].Sealed = slices.Clone(c.Keys[i].Sealed)
	}
	return &c
}
