package redisx

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/redis/rueidis"
)

// cacheLife is how long an answer is believed that Redis has not taken back, should it ever
// forget to. Every answer's differs a little, so that they are not all asked for again at once.
const cacheLife = 5 * time.Second

// Read is one value to be read.
type Read struct {
	Key    string
	Fields []string // of the hash at Key: one, or several that are one reply; none reads a string
}

// ReadCached reads values as DoMulti does, and answers from memory what it has read before and
// nobody has changed since. Redis tells of changes on the connection that the value came by, so
// that none is missed; a connection that is lost, or silent for MaxStale, takes what came by it
// with it. Nil replies are remembered too.
//
// The keys begin with one of Config.CachedPrefixes.
func (c *Client) ReadCached(ctx context.Context, op string, reads ...Read) []Reply {
	if !c.caching || c.written.any(reads) {
		return c.ReadNow(ctx, op, reads...)
	}
	start := time.Now()
	late := &deadline{Context: ctx, at: start.Add(c.cfg.Timeout)}
	defer late.end()
	replies, remembered := c.cached(late, op, reads)
	if !remembered {
		c.cfg.Observe(op, time.Since(start), firstFault(replies))
	}
	return replies
}

// ReadNow reads values from Redis, in one round trip.
func (c *Client) ReadNow(ctx context.Context, op string, reads ...Read) []Reply {
	return c.DoMulti(ctx, op, c.uncached(reads)...)
}

func (c *Client) uncached(reads []Read) []rueidis.Completed {
	cmds := make([]rueidis.Completed, len(reads))
	for i, r := range reads {
		switch len(r.Fields) {
		case 0:
			cmds[i] = c.B().Get().Key(r.Key).Build()
		case 1:
			cmds[i] = c.B().Hget().Key(r.Key).Field(r.Fields[0]).Build()
		default:
			cmds[i] = c.B().Hmget().Key(r.Key).Field(r.Fields...).Build()
		}
	}
	return cmds
}

// cached reads everything, and reports whether all of it was answered from memory.
func (c *Client) cached(ctx context.Context, op string, reads []Read) (replies []Reply, remembered bool) {
	p := permit{of: c.breakers}
	defer p.end()
	replies = make([]Reply, len(reads))
	for attempt := 1; ; attempt++ {
		results, err := c.lookUp(ctx, &p, reads)
		fault, asked := err, err != nil
		for i := range reads {
			failed := err
			if err == nil {
				failed = results[i].Error()
				replies[i] = answer(op, results[i], failed)
				asked = asked || !results[i].IsCacheHit()
			} else {
				replies[i].Err = unavailable(op, err)
			}
			if passes(ctx, failed) {
				fault = failed
			}
		}
		if asked && attempt == 1 {
			c.budget.earn()
		}
		if fault == nil || !c.again(ctx, attempt, fault) {
			return replies, !asked
		}
	}
}

// lookUp asks once. While a breaker is shut its keys are asked for under a context that is over:
// memory answers all the same, because the connection that it hangs on is alive.
func (c *Client) lookUp(ctx context.Context, p *permit, reads []Read) ([]rueidis.RedisResult, error) {
	redis := c.redis.Load()
	if redis == nil {
		return nil, c.dialer.why()
	}
	cmds := make([]rueidis.CacheableTTL, len(reads))
	slots := make([]uint16, len(reads))
	refused := 0
	for i, r := range reads {
		cmds[i] = rueidis.CT(cacheable((*redis).B(), r), c.cacheLife())
		if slots[i] = cmds[i].Cmd.Slot(); !p.askUnlessWell(slots[i]) {
			refused++
		}
	}
	results, err := c.attemptCached(ctx, *redis, cmds, slots, p, refused)
	for i := range results {
		switch failed := results[i].Error(); {
		case results[i].IsCacheHit():
		case !p.askUnlessWell(slots[i]):
			results[i] = rueidis.NewErrorResult(p.refusal(slots[i]))
		case p.ask(slots[i]):
			p.note(slots[i], failed)
		}
	}
	return results, err
}

func cacheable(b rueidis.Builder, r Read) rueidis.Cacheable {
	switch len(r.Fields) {
	case 0:
		return b.Get().Key(r.Key).Cache().ToStaticTTL()
	case 1:
		return b.Hget().Key(r.Key).Field(r.Fields[0]).Cache().ToStaticTTL()
	}
	return b.Hmget().Key(r.Key).Field(r.Fields...).Cache().ToStaticTTL()
}

// cacheLife is cacheLife, up to a fifth less. Where slots may move to a node that does not know what
// we have read of them, an answer lives no longer than it may be stale.
func (c *Client) cacheLife() time.Duration {
	life := cacheLife
	if c.cfg.Mode == Cluster {
		life = min(life, c.cfg.MaxStale/2) // twice: here, and in what is believed by Generation
	}
	return life - time.Duration(rand.Int64N(int64(life/5)))
}

// over is a context for what may only be answered from memory.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (c *Client) attemptCached(ctx context.Context, redis rueidis.Client, cmds []rueidis.CacheableTTL, slots []uint16, p *permit, refused int) ([]rueidis.RedisResult, error) {
	switch refused {
	case 0:
		return c.attemptMultiCache(ctx, redis, cmds)
	case len(cmds):
		return redis.DoMultiCache(over, cmds...), nil
	}
	var asked, shut []rueidis.CacheableTTL
	for i, cmd := range cmds {
		if p.askUnlessWell(slots[i]) {
			asked = append(asked, cmd)
		} else {
			shut = append(shut, cmd)
		}
	}
	came, err := c.attemptMultiCache(ctx, redis, asked)
	if err != nil {
		return nil, err
	}
	remembered := redis.DoMultiCache(over, shut...)
	results := make([]rueidis.RedisResult, len(cmds))
	for i := range cmds {
		from := &came
		if !p.askUnlessWell(slots[i]) {
			from = &remembered
		}
		results[i], *from = (*from)[0], (*from)[1:]
	}
	return results, nil
}

// attemptMultiCache is attempt for what may be answered from memory.
func (c *Client) attemptMultiCache(ctx context.Context, redis rueidis.Client, cmds []rueidis.CacheableTTL) ([]rueidis.RedisResult, error) {
	if c.dialer.opening.Load() == 0 {
		return redis.DoMultiCache(ctx, cmds...), nil
	}
	came := make(chan []rueidis.RedisResult, 1)
	go func() { came <- redis.DoMultiCache(ctx, cmds...) }()
	select {
	case results := <-came:
		return results, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
