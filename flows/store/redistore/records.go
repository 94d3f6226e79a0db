package redistore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"tollgate/flows/store"
	"tollgate/redisx"
)

// versioned writes a record the way replace.lua reads it.
func versioned(op string, version int64, record any) (string, error) {
	data, err := encode(op, record)
	return strconv.FormatInt(version, 10) + " " + data, err
}

// parseVersioned is the reverse; the version is also inside the record.
func parseVersioned(op, value string, record any) error {
	_, data, ok := strings.Cut(value, " ")
	if !ok {
		return fmt.Errorf("redistore: %s: a record without a version", op)
	}
	return decode(op, data, record)
}

// create stores a record that must not be there yet, or says ErrExists.
func (s *Store) create(ctx context.Context, op, key, value string) error {
	_, err := s.redis.DoDurable(ctx, op, s.redis.B().Set().Key(key).Value(value).Nx().Build())
	if err == redisx.ErrNil {
		return store.ErrExists
	}
	return err
}

// replace stores a record over the one of a version, or says ErrVersion or ErrAbsent.
func (s *Store) replace(ctx context.Context, op, key string, version int64, value string) error {
	_, err := s.exec(ctx, replaceRecord, op, []string{key}, strconv.FormatInt(version, 10), value)
	return err
}

// list notes a name in a listing; unlist takes it out. Names score 0, so Redis orders them by
// their bytes.
func (s *Store) list(ctx context.Context, op, listing, name string) error {
	_, err := s.redis.Do(ctx, op, s.redis.B().Zadd().Key(listing).ScoreMember().ScoreMember(0, name).Build())
	return err
}

func (s *Store) unlist(ctx context.Context, op, listing, name string) error {
	_, err := s.redis.Do(ctx, op, s.redis.B().Zrem().Key(listing).Member(name).Build())
	return err
}

// listed returns a piece of a listing and the cursor of the next one.
func (s *Store) listed(ctx context.Context, op, listing string, p store.Page) ([]string, string, error) {
	after, err := p.Place()
	if err != nil {
		return nil, "", err
	}
	from := "-"
	if p.Cursor != "" {
		from = "(" + after
	}
	message, err := s.redis.Do(ctx, op, s.redis.B().Zrangebylex().Key(listing).Min(from).Max("+").
		Limit(0, int64(p.Size()+1)).Build())
	if err != nil {
		return nil, "", err
	}
	found, err := message.AsStrSlice()
	if err != nil || len(found) <= p.Size() {
		return found, "", err
	}
	found = found[:p.Size()]
	return found, store.MakeCursor(found[len(found)-1]), nil
}

// getAll reads several strings in one round trip; "" for one that is not there.
func (s *Store) getAll(ctx context.Context, op string, keys []string) ([]string, error) {
	gets := make([]rueidis.Completed, len(keys)) // MGET cannot cross slots
	for i, key := range keys {
		gets[i] = s.redis.B().Get().Key(key).Build()
	}
	values := make([]string, len(keys))
	for i, reply := range s.redis.DoMulti(ctx, op, gets...) {
		value, err := text(reply.RedisMessage, reply.Err)
		if err != nil && err != store.ErrAbsent {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}
