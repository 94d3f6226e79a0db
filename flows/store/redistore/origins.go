package redistore

import (
	"context"
	"errors"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// The origins of all clients stand in one record, so that a page's preflight, which names no client,
// is answered without looking at any. It is written after the client's own record, and again when
// an update is repeated: whatever stopped in between is mended by that. Before a client goes, its
// origins do.

// originsLife is how long the origins are believed without a look at whether they have changed. That
// look is at memory, too, but it costs as much as there are origins.
const originsLife = 200 * time.Millisecond

// keptOrigins is the record of all origins as it was last read.
type keptOrigins struct {
	mu    sync.Mutex // of who reads it again
	value string
	now   atomic.Pointer[originSet]
}

// originSet is immutable.
type originSet struct {
	known  map[string]struct{}
	until  time.Duration // the age of the store until when that is believed
	failed error         // why nothing is known
}

// clientOrigins is what is noted of a client.
type clientOrigins struct {
	Created int64    `json:"created"`
	Version int64    `json:"version"`
	Origins []string `json:"origins"`
}

// HasOrigin implements store.Clients.
func (s *Store) HasOrigin(ctx context.Context, origin string) (bool, error) {
	set := s.origins.now.Load()
	if set == nil || time.Since(s.opened) >= set.until {
		var err error
		if set, err = s.rereadOrigins(ctx); err != nil {
			return false, err
		}
	}
	_, known := set.known[origin]
	return known, set.failed
}

// rereadOrigins looks whether the record has changed. Where that cannot be told, what was known is
// believed on: all that comes of it is that a page may ask. One caller looks, for a Redis that hangs must not
// have them wait one after the other; the others go by what is there, unless that was written over here.
func (s *Store) rereadOrigins(ctx context.Context) (*originSet, error) {
	const op = "get_origins"
	k := &s.origins
	if !k.mu.TryLock() {
		if before := k.now.Load(); before != nil && before.until > 0 {
			return before, nil
		}
		k.mu.Lock()
	}
	defer k.mu.Unlock()
	before := k.now.Load()
	if before != nil && time.Since(s.opened) < before.until {
		return before, nil // of who was here first
	}
	value, err := s.getCached(ctx, op, s.names.origins())
	if errors.Is(err, store.ErrAbsent) {
		value, err = "{}", nil
	}
	set := &originSet{}
	switch {
	case before != nil && before.known != nil && (err != nil || value == k.value):
		set.known = before.known
	case err != nil:
		set.failed = err
	default:
		if set.known, err = parseOrigins(op, value); err != nil {
			return nil, err
		}
		k.value = value
	}
	set.until = time.Since(s.opened) + originsLife
	k.now.Store(set)
	return set, nil
}

func parseOrigins(op, value string) (map[string]struct{}, error) {
	var index map[string]clientOrigins
	if err := decode(op, value, &index); err != nil {
		return nil, err
	}
	known := map[string]struct{}{}
	for _, c := range index {
		for _, origin := range c.Origins {
			known[origin] = struct{}{}
		}
	}
	return known, nil
}

// indexOrigins notes the origins that a client has now.
func (s *Store) indexOrigins(ctx context.Context, op, id string) error {
	c, err := s.GetClient(store.Fresh(ctx), id)
	switch {
	case errors.Is(err, store.ErrAbsent): // deleted since, and its origins before it
		return nil
	case err != nil:
		return err
	}
	return s.noteOrigins(ctx, op, c, c.Version, c.AllowedOrigins)
}

// dropOrigins is indexOrigins for a client that is about to go.
func (s *Store) dropOrigins(ctx context.Context, op, id string) error {
	c, err := s.GetClient(store.Fresh(ctx), id)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return nil
	case err != nil:
		return err
	}
	return s.noteOrigins(ctx, op, c, math.MaxInt32, nil)
}

func (s *Store) noteOrigins(ctx context.Context, op string, c *oauth.Client, version int64, origins []string) error {
	args := append([]string{c.ID, ms(c.CreatedAt), strconv.FormatInt(version, 10)}, origins...)
	_, err := s.exec(ctx, indexOrigins, op, []string{s.names.origins()}, args...)
	s.redis.Wrote(s.names.origins())
	s.origins.doubt()
	return err
}

// doubt has the next caller look.
func (k *keptOrigins) doubt() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.now.Load(); now != nil {
		k.now.Store(&originSet{known: now.known})
	}
}
