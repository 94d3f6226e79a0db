package flows

import (
	"context"
	"time"
)

// keysPause is how long the key set is not read again for a key that is not known. The keys are read every
// second anyway: while that goes on, strangers with made-up key ids cause no read.
const keysPause = 1250 * time.Millisecond

// refreshKeys reads the key set again, for a token whose key is not known, unless it was just read and
// the store has not said since that something changed.
func (f *Flows) refreshKeys(ctx context.Context, now time.Time) error {
	if f.keys.IsFresh(now, keysPause) {
		return nil
	}
	return f.keys.Refresh(ctx)
}
