package redisx

import (
	"context"
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
// ErrUnavailable. Reads are repeated on another connection while there is time; writes never
// are, because nobody knows whether the first one happened.
func (c *Client) Do(ctx context.Context, op string, cmd rueidis.Completed) (rueidis.RedisMessage, error) {
	reply := c.run(ctx, op, func(ctx context.Context) rueidis.RedisResult { return c.redis.Do(ctx, cmd) })
	return reply.RedisMessage, reply.Err
}

// DoMulti runs commands in one round trip and returns their replies in the same order.
func (c *Client) DoMulti(ctx context.Context, op string, cmds ...rueidis.Completed) []Reply {
	if len(cmds) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	start := time.Now()
	results := c.redis.DoMulti(ctx, cmds...)
	took := time.Since(start)

	replies := make([]Reply, len(results))
	var failed error
	for i, result := range results {
		replies[i] = answer(op, result)
		if err := replies[i].Err; err != nil && err != ErrNil && failed == nil {
			failed = err
		}
	}
	c.observe(op, took, failed)
	return replies
}

// run does one thing under the deadline and tells the observer.
func (c *Client) run(ctx context.Context, op string, do func(context.Context) rueidis.RedisResult) Reply {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	start := time.Now()
	reply := answer(op, do(ctx))
	err := reply.Err
	if err == ErrNil {
		err = nil
	}
	c.observe(op, time.Since(start), err)
	return reply
}

func answer(op string, result rueidis.RedisResult) Reply {
	message, err := result.ToMessage()
	switch {
	case err == nil:
		return Reply{RedisMessage: message}
	case rueidis.IsRedisNil(err):
		return Reply{Err: ErrNil}
	}
	return Reply{Err: fmt.Errorf("%w: %s: %w", ErrUnavailable, op, err)}
}
