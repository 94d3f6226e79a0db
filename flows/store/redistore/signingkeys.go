package redistore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tollgate/flows/store"
)

// GetKeySet implements store.SigningKeys. Every node reads the key set once a second, and that is
// also when the beat is looked at and raised.
func (s *Store) GetKeySet(ctx context.Context) (*store.KeySet, error) {
	const op = "get_keys"
	found, err := s.lookAtKeys(ctx)
	if err != nil && !errors.Is(err, store.ErrReset) {
		return nil, err
	}
	if err == nil && s.beat.due(found.beat, time.Now()) {
		s.raise(ctx, found.beat)
	}
	ks := &store.KeySet{Epoch: found.epoch}
	var malformed error
	if ks.Version, malformed = strconv.ParseInt(found.version, 10, 64); malformed != nil {
		return nil, fmt.Errorf("redistore: %s: version: %w", op, malformed)
	}
	if malformed := decode(op, found.keys, &ks.Keys); malformed != nil {
		return nil, malformed
	}
	return ks, err
}

// keysAndBeat is the key set as it is stored, and the beat beside it.
type keysAndBeat struct {
	epoch, version, keys string
	beat                 int64
}

// lookAtKeys reads both in one round trip. It says store.ErrReset, with what it found, where the
// data are of an earlier time.
func (s *Store) lookAtKeys(ctx context.Context) (found keysAndBeat, err error) {
	dials := s.redis.Dials()
	replies := s.redis.DoMulti(ctx, "get_keys",
		s.redis.B().Hmget().Key(s.names.keys()).Field("epoch", "version", "keys").Build(),
		s.redis.B().Get().Key(s.names.beat()).Build())
	if replies[0].Err != nil {
		return found, replies[0].Err
	}
	if found.beat, err = parseBeat(replies[1]); err != nil {
		return found, err
	}
	defer s.beat.looked.Store(dials) // once it is noted, or there is nothing that could be old
	values, err := row(replies[0].RedisMessage)
	if err != nil {
		s.beat.emptied(found.beat)
		return found, err
	}
	found.epoch, found.version, found.keys = values[0], values[1], values[2]
	if s.beat.note(found.epoch, found.beat) {
		return found, store.ErrReset
	}
	return found, nil
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
		ks.Epoch, strconv.FormatInt(ks.Version, 10), data, ks.Replaces)
	if err == nil {
		s.beat.begin(ks.Epoch)
	}
	return err
}
