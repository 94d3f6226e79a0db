package redistore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/goccy/go-json/v2"
	"github.com/redis/rueidis"

	"tollgate/flows/store"
	"tollgate/redisx"
)

// Store implements store.Store on one Redis.
type Store struct {
	redis *redisx.Client
	names names
	now   func() time.Time
	beat  beat

	opened    time.Time // ages count from here: the wall clock may jump
	decoded   decodedClients
	standings *keptStandings
	origins   keptOrigins
}

var _ store.Store = (*Store)(nil)

// New keeps everything under keys that start with prefix and a colon. Close closes the client.
func New(client *redisx.Client, prefix string) *Store {
	return &Store{redis: client, names: names{prefix}, now: time.Now, opened: time.Now(), standings: newKeptStandings()}
}

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) (time.Duration, error) { return s.redis.Ping(ctx) }

// Name is "redis".
func (s *Store) Name() string { return "redis" }

// Close implements store.Store.
func (s *Store) Close() error {
	s.redis.Close()
	return nil
}

// verdicts are the first words of what scripts return.
var verdicts = map[string]error{
	"ok":       nil,
	"absent":   store.ErrAbsent,
	"exists":   store.ErrExists,
	"version":  store.ErrVersion,
	"spent":    store.ErrSpent,
	"mismatch": store.ErrMismatch,
	"wider":    store.ErrWider,
	"ended":    store.ErrEnded,
	"reused":   store.ErrReused,
	"held":     store.ErrHeld,
}

// exec runs a script and returns what follows its verdict, which some refusals have too.
func (s *Store) exec(ctx context.Context, script *redisx.Script, op string, keys []string, args ...string) ([]string, error) {
	message, err := script.Exec(ctx, s.redis, op, keys, args...)
	if err != nil {
		return nil, err
	}
	reply, err := message.AsStrSlice()
	if err != nil {
		return nil, fmt.Errorf("redistore: %s: %w", op, err)
	}
	verdict, known := verdicts[reply[0]]
	if !known {
		return nil, fmt.Errorf("redistore: %s: unknown verdict %q", op, reply[0])
	}
	return reply[1:], verdict
}

// get reads a string; ErrAbsent if there is none.
func (s *Store) get(ctx context.Context, op, key string) (string, error) {
	message, err := s.redis.Do(ctx, op, s.redis.B().Get().Key(key).Build())
	return text(message, err)
}

// getCached is get, from memory unless ctx is of Fresh.
func (s *Store) getCached(ctx context.Context, op, key string) (string, error) {
	reply := s.read(ctx, op, redisx.Read{Key: key})[0]
	return text(reply.RedisMessage, reply.Err)
}

func (s *Store) read(ctx context.Context, op string, reads ...redisx.Read) []redisx.Reply {
	if store.IsFresh(ctx) {
		return s.redis.ReadNow(ctx, op, reads...)
	}
	return s.redis.ReadCached(ctx, op, reads...)
}

// del removes a key and reports whether it was there.
func (s *Store) del(ctx context.Context, op, key string) (bool, error) {
	message, err := s.redis.Do(ctx, op, s.redis.B().Del().Key(key).Build())
	return wasThere(message, err)
}

// delDurably is del for what people registered.
func (s *Store) delDurably(ctx context.Context, op, key string) (bool, error) {
	message, err := s.redis.DoDurable(ctx, op, s.redis.B().Del().Key(key).Build())
	return wasThere(message, err)
}

func wasThere(message rueidis.RedisMessage, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := message.AsInt64()
	return n > 0, err
}

// fields reads fields of a hash, "" for one that is not there; ErrAbsent if the first is not.
func (s *Store) fields(ctx context.Context, op, key string, names ...string) ([]string, error) {
	message, err := s.redis.Do(ctx, op, s.redis.B().Hmget().Key(key).Field(names...).Build())
	if err != nil {
		return nil, err
	}
	return row(message)
}

func row(message rueidis.RedisMessage) ([]string, error) {
	values, err := message.ToArray()
	if err != nil {
		return nil, err
	}
	if len(values) == 0 || values[0].IsNil() {
		return nil, store.ErrAbsent
	}
	return message.AsStrSlice()
}

func text(message rueidis.RedisMessage, err error) (string, error) {
	if errors.Is(err, redisx.ErrNil) {
		return "", store.ErrAbsent
	}
	if err != nil {
		return "", err
	}
	return message.ToString()
}

// over reports whether a record's end has come by our clock. Redis drops records by its own; the
// stricter of the two wins, should one of them jump.
func (s *Store) over(end time.Time) bool { return !s.now().Before(end) }

// ttl is the time until a moment in ms, for PX and PEXPIRE; "0" if it has passed.
func (s *Store) ttl(until time.Time) string { return ttl(until.Sub(s.now())) }

func ttl(d time.Duration) string { return strconv.FormatInt(max(0, milliseconds(d)), 10) }

// milliseconds rounds up, because a moment within this millisecond is still to come.
func milliseconds(d time.Duration) int64 { return (d + time.Millisecond - 1).Milliseconds() }

func ms(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func parseMS(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("redistore: a moment that is none: %w", err)
	}
	return time.UnixMilli(n).UTC(), nil
}

func encode(op string, record any) (string, error) {
	data, err := json.Marshal(record)
	if err != nil {
		return "", fmt.Errorf("redistore: %s: encode: %w", op, err)
	}
	return string(data), nil
}

// decode refuses duplicate members and invalid UTF-8, which we never wrote.
func decode(op, data string, record any) error {
	if err := json.Unmarshal([]byte(data), record); err != nil {
		return fmt.Errorf("redistore: %s: decode: %w", op, err)
	}
	return nil
}
