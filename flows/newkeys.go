package flows

import (
	"context"
	"sync"
	"time"
)

// keysPause is how long the key set, read for a key that is not known, is not read again for
// another one.
const keysPause = time.Second

// rereads remembers when the key set was last read for a token whose key nobody knew.
type rereads struct {
	mu         sync.Mutex
	any        bool
	generation uint64        // of the store, before it was read
	at         time.Duration // the age of the flows then
}

// refreshKeys reads the key set again, for a token whose key is not known. Made-up key ids get no
// more than a read a second: within it the set is as it was read, unless the store has said that
// something changed.
func (f *Flows) refreshKeys(ctx context.Context, now time.Time) error {
	generation, age := f.store.Generation(""), f.age(now)
	if f.rereads.covers(generation, age) {
		return nil
	}
	if err := f.keys.Refresh(ctx); err != nil {
		return err
	}
	f.rereads.note(generation, age)
	return nil
}

func (r *rereads) covers(generation uint64, age time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.any && r.generation == generation && age-r.at < keysPause
}

func (r *rereads) note(generation uint64, age time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.any, r.generation, r.at = true, generation, age
}
