package redisx

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/rueidis"
)

// Reply is the answer to one command of several.
type Reply struct {
	rueidis.RedisMessage
	Err error // as of Do
}

// Do runs one command; op names it in errors and observations. The error is nil, ErrNil, or
// ErrUnavailable. Reads are repeated while there is time; writes never are, because nobody knows
// whether the first one happened.
func (c *Client) Do(ctx context.Context, op string, cmd rueidis.Completed) (rueidis.RedisMessage, error) {
	read := cmd.IsReadOnly()
	if read {
		cmd = cmd.Pin() // it may be sent again
	}
	reply := c.one(ctx, op, cmd.Slot(), read, func(ctx context.Context, redis rueidis.Client) rueidis.RedisResult {
		return redis.Do(ctx, cmd)
	})
	return reply.RedisMessage, reply.Err
}

// one runs one thing on a slot: deadline, breaker, attempts; and tells the observer.
func (c *Client) one(ctx context.Context, op string, slot uint16, repeat bool, do func(context.Context, rueidis.Client) rueidis.RedisResult) Reply {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	p := permit{of: c.breakers}
	defer p.end()
	if !p.ask(slot) {
		return c.observed(op, start, rueidis.RedisResult{}, p.refusal(slot))
	}
	c.budget.earn()
	for attempt := 1; ; attempt++ {
		result, err := c.attempt(ctx, slot, do)
		if err == nil {
			err = result.Error()
		}
		if repeat && c.again(ctx, attempt, err) {
			continue
		}
		p.note(slot, err)
		return c.observed(op, start, result, err)
	}
}

func (c *Client) observed(op string, start time.Time, result rueidis.RedisResult, err error) Reply {
	reply := answer(op, result, err)
	seen := reply.Err
	if seen == ErrNil {
		seen = nil
	}
	c.cfg.Observe(op, time.Since(start), seen)
	return reply
}

// attempt asks once, and comes back with ctx, also where a connection is being opened: rueidis
// would let everybody wait for whoever opens it.
func (c *Client) attempt(ctx context.Context, slot uint16, do func(context.Context, rueidis.Client) rueidis.RedisResult) (rueidis.RedisResult, error) {
	redis, err := c.connected(slot)
	if err != nil {
		return rueidis.RedisResult{}, err
	}
	if c.dialer.opening.Load() == 0 {
		return do(ctx, redis), nil
	}
	came := make(chan rueidis.RedisResult, 1)
	go func() { came <- do(ctx, redis) }()
	select {
	case result := <-came:
		return result, nil
	case <-ctx.Done():
		return rueidis.RedisResult{}, ctx.Err()
	}
}

// noSlot marks commands that were built without knowing of slots.
const noSlot = 1 << 15

// connected returns rueidis' client, which takes the command if its builder was that client's.
func (c *Client) connected(slot uint16) (rueidis.Client, error) {
	redis := c.redis.Load()
	if redis == nil {
		return nil, c.dialer.why()
	}
	if c.cfg.Mode == Cluster && slot&noSlot != 0 {
		return nil, errOpening // built a moment before the cluster was there
	}
	return *redis, nil
}

func answer(op string, result rueidis.RedisResult, err error) Reply {
	if err == nil {
		var message rueidis.RedisMessage
		if message, err = result.ToMessage(); err == nil {
			return Reply{RedisMessage: message}
		}
	}
	if rueidis.IsRedisNil(err) {
		return Reply{Err: ErrNil}
	}
	return Reply{Err: unavailable(op, err)}
}

func unavailable(op string, err error) error {
	if errors.Is(err, ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, op, err)
}
