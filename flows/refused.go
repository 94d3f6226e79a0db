package flows

import (
	"sync"

	"tollgate/flows/oauth"
)

// maxRefused bounds what is remembered; far more revoked tokens than clients keep presenting.
const maxRefused = 1 << 16

// refused remembers tokens that this node answered as revoked, until they expire, so that an
// outage does not bring them back to life here. Once full it says yes to everything: then nothing
// is let through that cannot be asked about.
type refused struct {
	mu     sync.Mutex
	tokens map[oauth.TokenID]int64 // and when each expires, in Unix seconds
	swept  int64                   // when there was last looked for those
	now    func() int64
}

func (r *refused) remember(id oauth.TokenID, expires int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tokens == nil {
		r.tokens = map[oauth.TokenID]int64{}
	}
	if len(r.tokens) >= maxRefused {
		r.sweep()
	}
	if len(r.tokens) < maxRefused {
		r.tokens[id] = expires
	}
}

func (r *refused) has(id oauth.TokenID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.tokens[id]
	return known || len(r.tokens) >= maxRefused
}

// sweep drops what has expired; the margin keeps what another clock still takes.
func (r *refused) sweep() {
	now := r.now()
	if now == r.swept {
		return
	}
	r.swept = now
	for id, expires := range r.tokens {
		if expires+int64(clockMargin.Seconds()) < now {
			delete(r.tokens, id)
		}
	}
}
