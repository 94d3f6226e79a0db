package redisx

import (
	"context"
	"errors"
	"time"

	"github.com/redis/rueidis"
)

var errTooFewReplicas = errors.New("too few replicas have it; whether it lasts is unknown")

// DoDurable is Do for a write that acknowledges something: it ends once Config.WaitReplicas
// replicas have it. Where too few have it in time the error is ErrUnavailable, and nobody knows
// whether the write outlives the primary.
func (c *Client) DoDurable(ctx context.Context, op string, cmd rueidis.Completed) (rueidis.RedisMessage, error) {
	if c.cfg.WaitReplicas == 0 {
		return c.Do(ctx, op, cmd)
	}
	reply := c.one(ctx, op, cmd.Slot(), false, func(ctx context.Context, redis rueidis.Client) rueidis.RedisResult {
		return c.durably(ctx, redis, cmd)
	})
	return reply.RedisMessage, reply.Err
}

// durably runs a write and then WAIT on one connection, which nobody else uses: WAIT is about what
// its own connection wrote, and holds up whatever comes after it.
func (c *Client) durably(ctx context.Context, redis rueidis.Client, cmd rueidis.Completed) rueidis.RedisResult {
	select { // rueidis' pool knows no deadline
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return rueidis.NewErrorResult(ctx.Err())
	}
	came := make(chan rueidis.RedisResult, 1)
	go func() { // nor does its dialling
		defer func() { <-c.slots }()
		came <- c.writeAndWait(ctx, redis, cmd)
	}()
	select {
	case result := <-came:
		return result
	case <-ctx.Done():
		return rueidis.NewErrorResult(ctx.Err())
	}
}

func (c *Client) writeAndWait(ctx context.Context, redis rueidis.Client, cmd rueidis.Completed) rueidis.RedisResult {
	connection, release := redis.Dedicate()
	defer release()
	end, _ := ctx.Deadline()
	patience := max(1, (time.Until(end) * 9 / 10).Milliseconds()) // 0 would be for ever
	wait := connection.B().Wait().Numreplicas(int64(c.cfg.WaitReplicas)).Timeout(patience).Build()
	results := connection.DoMulti(ctx, cmd, wait)
	if err := results[0].Error(); err != nil && !rueidis.IsRedisNil(err) {
		if results[0].NonRedisError() != nil {
			connection.Close() // its next reply would be another command's
		}
		return results[0]
	}
	have, err := results[1].AsInt64()
	switch {
	case err != nil:
		connection.Close()
		return rueidis.NewErrorResult(err)
	case have < int64(c.cfg.WaitReplicas):
		return rueidis.NewErrorResult(errTooFewReplicas)
	}
	return results[0]
}
