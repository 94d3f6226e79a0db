package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tollgate/flows/store"
)

const (
	turnEvery = time.Second
	leaseName = "keys"
	leaseTTL  = 30 * time.Second // many times what making three keys takes
	// readTimeout bounds work that nobody else bounds. A store fails much sooner; what may take
	// seconds is making an RSA key on a busy machine.
	readTimeout = leaseTTL
)

// Run keeps the snapshot fresh and rotates keys when it is time, until ctx ends. It also does the
// first load if Load has not succeeded yet.
func (m *Manager) Run(ctx context.Context) {
	ticker := time.NewTicker(turnEvery)
	defer ticker.Stop()
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := m.turn(ctx)
		switch {
		case err == nil && last != "":
			last = ""
			m.cfg.OnError(nil)
		case err == nil:
		case ctx.Err() == nil && err.Error() != last: // an outage of an hour is one line, not 3600
			last = err.Error()
			m.cfg.OnError(err)
		}
	}
}

// turn is one second's work.
func (m *Manager) turn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := m.passTime(); err != nil { // needs no store: keys change state in an outage too
		return fmt.Errorf("signing keys: %w", err)
	}
	if err := m.Load(ctx); err != nil {
		return err
	}
	return m.rotateDue(ctx)
}

// passTime rebuilds the snapshot if a key has changed its state by time.
func (m *Manager) passTime() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stored == nil {
		return nil
	}
	return m.adopt(m.stored)
}

// rotateDue publishes the successors that are due and deletes the keys that are gone, if no other
// node is at it. The lease only saves work; what keeps the set whole is the compare-and-swap.
func (m *Manager) rotateDue(ctx context.Context) error {
	if !m.workIsDue() {
		return nil
	}
	err := store.Hold(ctx, m.cfg.Store, leaseName, m.cfg.Node, leaseTTL, func(ctx context.Context, _ store.Lease) error {
		return m.change(ctx, m.succeedDue)
	})
	if err == nil || errors.Is(err, store.ErrHeld) {
		return nil
	}
	return fmt.Errorf("rotate signing keys: %w", err)
}

// succeedDue is the change that publishes successors.
func (m *Manager) succeedDue(e *edit) error {
	for _, alg := range due(e.ks, e.now, m.cfg.RotateEvery, m.cfg.PublishAhead) {
		if err := e.succeed(alg, false); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manager) workIsDue() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	return hasGone(m.stored, now) || len(due(m.stored, now, m.cfg.RotateEvery, m.cfg.PublishAhead)) > 0
}
