package flows

import (
	"context"
	"fmt"
	"runtime"

	"tollgate/flows/oauth"
)

// turns bounds how much costly work, such as hashing or signing, runs at once. Whoever waits for a
// turn waits here and not for a processor, where the checks of tokens wait: these are never behind
// more than what runs already.
type turns struct {
	free chan struct{}
	what string
}

func newTurns(n int, what string) turns { return turns{make(chan struct{}, n), what} }

// allButOne is every core but one, and at least one.
func allButOne() int { return max(1, runtime.GOMAXPROCS(0)-1) }

// take waits for a turn until ctx ends. Every turn is given back.
func (t turns) take(ctx context.Context) error {
	select {
	case t.free <- struct{}{}:
		return nil
	case <-ctx.Done():
		return oauth.Unavailable(fmt.Errorf("wait for a turn to %s: %w", t.what, ctx.Err()))
	}
}

func (t turns) give() { <-t.free }
