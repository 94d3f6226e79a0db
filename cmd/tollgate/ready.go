package main

import (
	"context"
	"sync"
	"time"

	"tollgate/flows/keys"
	"tollgate/flows/store"
	"tollgate/server"
)

const (
	probeEvery   = 250 * time.Millisecond
	probeTimeout = time.Second
)

// probe watches what requests cannot be served without, for /readyz and /healthz.
type probe struct {
	store store.Store
	keys  *keys.Manager
	stale time.Duration // how long the store may be silent before this node is not ready

	mu       sync.Mutex
	lastOK   time.Time // zero: never
	latency  time.Duration
	storeErr string // of the last ping, "" if it was answered
	keysErr  string
}

// newProbe declares the node unready once the store is silent for longer than the configured
// staleness, and never because a single ping was lost.
func newProbe(n *node, stale time.Duration) *probe {
	return &probe{store: n.store, keys: n.keys, stale: max(stale, 2*probeEvery)}
}

// run pings the store until ctx ends.
func (p *probe) run(ctx context.Context) {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		p.ping(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (p *probe) ping(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	start := time.Now() // an answer proves that the store lived when it was asked, not later
	took, err := p.store.Ping(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.latency = took; err != nil {
		p.storeErr = err.Error()
		return
	}
	p.lastOK, p.storeErr = start, ""
}

// keysFailed notes why signing keys cannot be loaded or rotated; nil for success.
func (p *probe) keysFailed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keysErr = ""; err != nil {
		p.keysErr = err.Error()
	}
}

// ready is server.Config.Ready.
func (p *probe) ready() (bool, map[string]server.Dependency) {
	p.mu.Lock()
	defer p.mu.Unlock()
	loaded := p.keys.Snapshot() != nil
	keysErr := p.keysErr
	if loaded {
		keysErr = ""
	}
	answered := !p.lastOK.IsZero() && time.Since(p.lastOK) <= p.stale
	return answered && loaded, map[string]server.Dependency{
		"store": {OK: answered && p.storeErr == "", Latency: p.latency, LastError: p.storeErr},
		"keys":  {OK: loaded, LastError: keysErr},
	}
}
