package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"tollgate/server"
)

const (
	probeEvery      = 250 * time.Millisecond
	probeTimeout    = time.Second
	weaknessesEvery = time.Minute
)

// probe watches what requests cannot be served without, for /readyz and /healthz.
type probe struct {
	node  *node
	stale time.Duration // how long the store may be silent before this node is not ready

	mu         sync.Mutex
	lastOK     time.Time     // zero: never
	pinged     time.Duration // how long the last ping took
	storeErr   string        // of the last ping, "" if it was answered
	weighed    time.Duration // how long the last question about weaknesses took
	weaknesses string        // why Redis may lose what it acknowledged, "" if it does not
}

// newProbe declares the node unready once the store is silent for longer than the configured
// staleness, and never because a single ping was lost.
func newProbe(n *node, stale time.Duration) *probe {
	return &probe{node: n, stale: max(stale, 2*probeEvery)}
}

// run asks the store until ctx ends.
func (p *probe) run(ctx context.Context) {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	var weighed time.Time
	for {
		alive := p.ping(ctx)
		if alive && time.Since(weighed) >= weaknessesEvery {
			weighed = time.Now()
			p.weigh(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (p *probe) ping(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	start := time.Now() // an answer proves that the store lived when it was asked, not later
	_, err := p.node.store.Ping(ctx)
	took := time.Since(start)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pinged = took; err != nil {
		p.storeErr = err.Error()
		return false
	}
	p.lastOK, p.storeErr = start, ""
	return true
}

// weigh asks whether Redis keeps what it acknowledges, and says when that has changed.
func (p *probe) weigh(ctx context.Context) {
	if p.node.redis == nil {
		return // memory forgets by design; serve has warned
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	start := time.Now()
	found, err := p.node.redis.Weaknesses(ctx)
	took := time.Since(start)
	if err != nil {
		return // an outage, which ping reports
	}
	text := strings.Join(found, "; ")
	p.mu.Lock()
	changed := text != p.weaknesses
	p.weaknesses, p.weighed = text, took
	p.mu.Unlock()
	if changed && text != "" {
		p.node.log.Warn("redis does not keep everything", zap.Strings("why", found))
	}
}

// ready is server.Config.Ready. A Redis that may forget is shown, but serves; so do signing keys that
// cannot be reread, as long as none is missing.
func (p *probe) ready() (bool, map[string]server.Dependency) {
	p.mu.Lock()
	defer p.mu.Unlock()
	start := time.Now() // requests take the keys from memory, so that is what is timed
	set := p.node.keys.Snapshot()
	took := time.Since(start)
	trouble := ""
	if noted := p.node.keyTrouble.Load(); noted != nil {
		trouble = *noted
	}
	answered := !p.lastOK.IsZero() && time.Since(p.lastOK) <= p.stale
	all := map[string]server.Dependency{
		"store": {OK: answered && p.storeErr == "", Latency: p.pinged, LastError: p.storeErr},
		"keys":  {OK: set != nil && trouble == "", Latency: took, LastError: trouble},
	}
	if p.node.redis != nil {
		all["durability"] = server.Dependency{OK: p.weaknesses == "", Latency: p.weighed, LastError: p.weaknesses}
	}
	return answered && set != nil && set.Complete(), all
}
