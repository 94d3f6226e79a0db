package store

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrLeaseLost is why the context of Hold's work ended: somebody else may be at the same work now.
var ErrLeaseLost = errors.New("store: the lease was lost")

// releaseTimeout bounds giving a lease back; where it fails, the lease ends by itself.
const releaseTimeout = time.Second

// Hold does work while owner holds the lease, and gives it back after it; ErrHeld where somebody
// else holds it. The lease is renewed every third of ttl. Where that fails for so long that the
// lease may be over, or somebody else had it in between, the work's context ends with ErrLeaseLost
// as its cause. A writer that must not be late hands held.Fence over with what it writes.
func Hold(ctx context.Context, leases Leases, name, owner string, ttl time.Duration, work func(ctx context.Context, held Lease) error) error {
	asked := time.Now()
	held, err := leases.TakeLease(ctx, name, owner, ttl)
	if err != nil {
		return err
	}
	holding, lose := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { renew(holding, leases, held, ttl, asked.Add(ttl), lose) })
	err = work(holding, held)
	lost := errors.Is(context.Cause(holding), ErrLeaseLost)
	lose(nil)
	renewing.Wait()
	if lost {
		return errors.Join(err, ErrLeaseLost)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	return errors.Join(err, leases.ReleaseLease(ctx, name, owner))
}

// renew keeps the lease until ctx ends, or loses it. Its end counts from before each question, so
// that the holder never believes in it longer than the store does.
func renew(ctx context.Context, leases Leases, held Lease, ttl time.Duration, end time.Time, lose context.CancelCauseFunc) {
	ticker := time.NewTicker(ttl / 3)
	defer ticker.Stop()
	over := time.AfterFunc(time.Until(end), func() { lose(ErrLeaseLost) })
	defer over.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		asked := time.Now()
		again, err := leases.TakeLease(ctx, held.Name, held.Owner, ttl)
		switch {
		case errors.Is(err, ErrHeld), err == nil && again.Fence != held.Fence:
			lose(ErrLeaseLost)
			return
		case err == nil && over.Stop():
			over.Reset(time.Until(asked.Add(ttl)))
		}
	}
}
