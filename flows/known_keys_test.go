package flows

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// One caller is in the middle of a signature when the key is revoked; another comes after that.
func TestKnown_ARevokedKeyIsNotSharedWithWhoComesLater(t *testing.T) {
	var armed atomic.Int64
	blocked, release := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(c *Config) {
		now := c.Now
		c.Now = func() time.Time {
			if armed.Add(-1) == 0 {
				close(blocked)
				<-release
			}
			return now()
		}
	})
	tok := w.accessToken()
	kid := w.keys.Snapshot().Active(oauth.EdDSA).KID
	armed.Store(2) // the second look at the clock is the verifier's, behind the signature
	var group sync.WaitGroup
	group.Go(func() { w.validate(tok) })
	<-blocked
	if err := w.keys.Revoke(t.Context(), kid); err != nil {
		t.Fatal(err)
	}
	var late error
	group.Go(func() { late = w.validate(tok) }) // begins after Revoke has returned
	time.Sleep(50 * time.Millisecond)
	close(release)
	group.Wait()
	if late == nil {
		t.Error("a token of a revoked key was accepted by a call that began after the revocation was acknowledged here")
	}
	wantCode(t, w.validate(tok), oauth.CodeInvalidToken)
}

// resetting is a store that has lost its data.
type resetting struct{ store.Store }

func (s *resetting) CheckRevoked(_ context.Context, refs []store.TokenRef) []error {
	out := make([]error, len(refs))
	for i := range out {
		out[i] = store.ErrReset
	}
	return out
}

func TestIntrospect_ABatchLooksOnceForTheNewKeysOfAStoreThatLostItsData(t *testing.T) {
	w := newWorld(t)
	var tokens []string
	for range 100 {
		tokens = append(tokens, w.accessToken())
	}
	w.Flows.store = &resetting{w.Flows.store}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	start := time.Now()
	_, err := w.Introspect(ctx, &IntrospectRequest{Client: asGateway, Tokens: tokens})
	if took := time.Since(start); took > time.Second {
		t.Errorf("a batch took %v to say %v", took, err)
	}
}
