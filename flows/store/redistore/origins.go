package redistore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// The origins of all clients stand in one hash, so that a page's preflight, which names no client,
// is answered without looking at any. A client's field is written after its own record, and again when
// an update is repeated: whatever stopped in between is mended by that. Before a client goes, its
// origins do. A random word beside the hash is another after every change, and nodes read the hash
// again when it is: in pieces, for Redis serves nobody meanwhile.
//
// Earlier versions kept all of them in one string. It is read until the first change, which takes it
// over, and stays for as long as nodes of both versions may serve.

const (
	originsLife        = 200 * time.Millisecond // believed without a look at the word, in memory, and a lock
	originsPiece       = 250                    // clients whose origins are read at once
	earlierOriginsLife = 24 * time.Hour         // for an upgrade, or for going back
)

// keptOrigins is all origins as they were last read.
type keptOrigins struct {
	mu   sync.Mutex // of who reads them again
	word string     // that stood beside them, before they were read
	now  atomic.Pointer[originSet]
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

// rereadOrigins looks whether they have changed. Where that cannot be told, what was known is
// believed on: all that comes of it is that a page may ask. One caller looks, for a Redis that hangs must not
// have them wait one after the other; the others go by what is there, unless that was written over here.
func (s *Store) rereadOrigins(ctx context.Context) (*originSet, error) {
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
	set := &originSet{}
	if before != nil {
		set.known = before.known
	}
	known, word, err := s.changedOrigins(ctx, set.known != nil)
	switch {
	case err == nil && known != nil:
		set.known, k.word = known, word
	case err != nil && set.known == nil:
		set.failed = err
	}
	set.until = time.Since(s.opened) + originsLife
	k.now.Store(set)
	return set, nil
}

// changedOrigins returns all origins and the word beside them; nil where they are those that are known.
func (s *Store) changedOrigins(ctx context.Context, known bool) (map[string]struct{}, string, error) {
	const op = "get_origins"
	word, err := s.getCached(ctx, op, s.names.originsWord())
	if err == nil {
		if known && word == s.origins.word {
			return nil, "", nil
		}
		origins, err := s.scanOrigins(ctx, op)
		return origins, word, err
	}
	if !errors.Is(err, store.ErrAbsent) {
		return nil, "", err
	}
	earlier, err := s.getCached(ctx, op, s.names.earlierOrigins())
	switch {
	case errors.Is(err, store.ErrAbsent):
		return map[string]struct{}{}, "", nil
	case err != nil, known && earlier == s.origins.word:
		return nil, "", err
	}
	origins, err := parseEarlierOrigins(op, earlier)
	return origins, earlier, err
}

// scanOrigins reads the hash. What changes meanwhile may be seen or not, and with it does the word.
func (s *Store) scanOrigins(ctx context.Context, op string) (map[string]struct{}, error) {
	known := map[string]struct{}{}
	for cursor := uint64(0); ; {
		message, err := s.redis.Do(ctx, op, s.redis.B().Hscan().Key(s.names.originsByClient()).Cursor(cursor).Count(originsPiece).Build())
		if err != nil {
			return nil, err
		}
		piece, err := message.AsScanEntry()
		if err != nil {
			return nil, fmt.Errorf("redistore: %s: %w", op, err)
		}
		for i := 1; i < len(piece.Elements); i += 2 { // behind each client's id
			var c clientOrigins
			if err := decode(op, piece.Elements[i], &c); err != nil {
				return nil, err
			}
			c.addTo(known)
		}
		if cursor = piece.Cursor; cursor == 0 {
			return known, nil
		}
	}
}

func parseEarlierOrigins(op, value string) (map[string]struct{}, error) {
	var all map[string]clientOrigins
	if err := decode(op, value, &all); err != nil {
		return nil, err
	}
	known := map[string]struct{}{}
	for _, c := range all {
		c.addTo(known)
	}
	return known, nil
}

func (c clientOrigins) addTo(known map[string]struct{}) {
	for _, origin := range c.Origins {
		known[origin] = struct{}{}
	}
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
	keys := []string{s.names.originsByClient(), s.names.originsWord(), s.names.earlierOrigins()}
	args := append([]string{rand.Text(), ttl(earlierOriginsLife), c.ID, ms(c.CreatedAt), strconv.FormatInt(version, 10)}, origins...)
	_, err := s.exec(ctx, indexOrigins, op, keys, args...)
	s.redis.Wrote(s.names.originsWord())
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
