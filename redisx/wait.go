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
	ctx, cancel := context.WithTimeout(ctx, wait+c.timeout)
	defer cancel()
	reply := answer(op, c.redis.Do(ctx, cmd))
	return reply.RedisMessage, reply.Err
}
