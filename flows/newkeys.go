package flows

import (
	"time"

	"tollgate/flows/token"
)

// keysPause is how long the key set is not read again for a key that is not known. The keys are read every
// second anyway: while that goes on, strangers with made-up key ids cause no read.
const keysPause = 1250 * time.Millisecond

// newKeys has the key set read again, for a token whose key is not known, unless it was just read, the
// store has not said since that something changed, and the token claims to be older than that. One that was
// signed since may be faster than the news of its key.
func (f *Flows) newKeys(tok []byte, now time.Time, reread func() error) error {
	if f.keys.IsFresh(now, keysPause, token.IssuedAt(tok)) {
		return nil
	}
	return reread()
}
