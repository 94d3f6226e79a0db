package main

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"tollgate/server"
)

const (
	probeEvery   = 250 * time.Millisecond
	probeTimeout = time.Second
	checkEvery   = time.Minute
	checkTimeout = 10 * time.Second // a cluster has many nodes
)

// probe watches what requests cannot be served without, for /readyz and /healthz.
type probe struct {
	node  *node
	stale time.Duration // how long the store may be silent before this node is not ready

	mu       sync.Mutex
	lastOK   time.Time         // zero: never
	pinged   time.Duration     // how long the last ping took
	checked  time.Duration     // how long the last checks took
	storeErr string            // of the last ping, "" if it was answered
	problems map[string]string // of Redis, by the names of its checks; "" for one that passed
}

// newProbe declares the node unready once the store is silent for longer than the configured
// staleness, and never because a single ping was lost.
func newProbe(n *node, stale time.Duration) *probe {
	return &probe{node: n, stale: max(stale, 2*probeEvery)}
}

// run asks the store until ctx ends. The checks go their own way: they may take longer than a ping
// may be late.
func (p *probe) run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	if p.node.redis != nil { // memory forgets by design; serve has warned
		group.Go(func() { p.runChecks(ctx) })
	}
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

// runChecks looks at Redis as soon as it answers, and then every minute.
func (p *probe) runChecks(ctx context.Context) {
	for {
		wait := checkEvery
		if !p.check(ctx) {
			wait = probeEvery
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (p *probe) ping(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	start := time.Now() // an answer proves that the store lived when it was asked, not later
	_, err := p.node.store.Ping(ctx)
	took := time.Since(start)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pinged = took; err != nil {
		p.storeErr = p.node.explain(err).Error()
		return
	}
	p.lastOK, p.storeErr = start, ""
}

// check looks at what must be true of Redis, and logs what has become wrong since it last looked. It
// reports false where Redis did not answer, which is ping's to say.
func (p *probe) check(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	start := time.Now()
	checks, err := p.node.redis.Checks(ctx, p.node.commands)
	if err != nil {
		return false
	}
	took := time.Since(start)
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.problems
	p.checked = took
	p.problems = map[string]string{}
	for _, c := range checks {
		p.problems[c.Name] = c.Problem
		if c.Problem != "" && c.Problem != known[c.Name] {
			p.node.log.Warn("redis is not as it should be", zap.String("check", c.Name), zap.String("problem", c.Problem))
		}
	}
	return true
}

// ready is server.Config.Ready. A Redis that is not as it should be is shown, but serves; so do signing
// keys that cannot be reread, as long as none is missing.
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
	if answered { // or nobody knows whether it still is so
		for name, problem := range p.problems {
			all["redis_"+name] = server.Dependency{OK: problem == "", Latency: p.checked, LastError: problem}
		}
	}
	return answered && set != nil && set.Complete(), all
}
