package redistore

import (
	"context"
	"fmt"
	"strconv"

	"tollgate/flows/store"
)

// GetKeySet implements store.SigningKeys.
func (s *Store) GetKeySet(ctx context.Context) (*store.KeySet, error) {
	const op = "get_keys"
	values, err := s.fields(ctx, op, s.names.keys(), "epoch", "version", "keys")
	if err != nil {
		return nil, err
	}
	ks := &store.KeySet{Epoch: values[0]}
	if ks.Version, err = strconv.ParseInt(values[1], 10, 64); err != nil {
		return nil, fmt.Errorf("redistore: %s: version: %w", op, err)
	}
	if err := decode(op, values[2], &ks.Keys); err != nil {
		return nil, err
	}
	return ks, nil
}

// SaveKeySet implements store.SigningKeys.
func (s *Store) SaveKeySet(ctx context.Context, ks *store.KeySet) error {
	const op = "save_keys"
	data, err := encode(op, ks.Keys)
	if err != nil {
		return err
	}
	key := s.names.keys()
	defer s.redis.Wrote(key)
	_, err = s.exec(ctx, saveKeys, op, []string{key},
		ks.Epoch, strconv.FormatInt(ks.Version, 10), data)
	return err
}
