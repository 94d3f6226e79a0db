package redisx

import (
	"context"
	"time"

	"github.com/redis/rueidis"
)

// DoWait runs a command that Redis may hold back for wait, such as XREAD with BLOCK. It has a
// connection of its own meanwhile, so nobody else waits behind it. It answers as Do, and is not
// observed: how long it took says nothing.
func (c *Client) DoWait(ctx context.Context, op string, wait time.Duration, cmd rueidis.Completed) (rueidis.RedisMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+c.cfg.Timeout)
	defer cancel()
	p := permit{of: c.breakers}
	defer p.end()
	if !p.ask(cmd.Slot()) {
		return rueidis.RedisMessage{}, unavailable(op, p.refusal(cmd.Slot()))
	}
	result, err := c.attempt(ctx, cmd.Slot(), func(ctx context.Context, redis rueidis.Client) rueidis.RedisResult {
		return redis.Do(ctx, cmd)
	})
	if err == nil {
		err = result.Error()
	}
	p.note(cmd.Slot(), err)
	reply := answer(op, result, err)
	return reply.RedisMessage, reply.Err
}
