package redisx

import (
	"context"
	"time"

	"github.com/redis/rueidis"
)

// DoMulti runs commands in one round trip, of each node, and returns their replies in the same
// order. Those that only read are repeated while there is time.
func (c *Client) DoMulti(ctx context.Context, op string, cmds ...rueidis.Completed) []Reply {
	if len(cmds) == 0 {
		return nil
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	replies := c.several(ctx, op, cmds)
	c.cfg.Observe(op, time.Since(start), firstFault(replies))
	return replies
}

func firstFault(replies []Reply) error {
	for i := range replies {
		if err := replies[i].Err; err != nil && err != ErrNil {
			return err
		}
	}
	return nil
}

// several asks for all commands that the breakers let pass.
func (c *Client) several(ctx context.Context, op string, cmds []rueidis.Completed) []Reply {
	p := permit{of: c.breakers}
	defer p.end()
	c.budget.earn()
	results := make([]rueidis.RedisResult, len(cmds))
	faults := make([]error, len(cmds))
	var ask []int // what is still to be asked, as indexes into cmds
	for i, cmd := range cmds {
		if cmd.IsReadOnly() {
			cmds[i] = cmd.Pin() // it may be sent again
		}
		if p.ask(cmd.Slot()) {
			ask = append(ask, i)
		} else {
			faults[i] = p.refusal(cmd.Slot())
		}
	}
	for attempt := 1; len(ask) > 0; attempt++ {
		came, err := c.attemptMulti(ctx, pick(cmds, ask))
		var passed []int
		for n, i := range ask {
			if faults[i] = err; err == nil {
				results[i], faults[i] = came[n], came[n].Error()
			}
			if cmds[i].IsReadOnly() && passes(ctx, faults[i]) {
				passed = append(passed, i)
			}
		}
		if len(passed) == 0 || !c.again(ctx, attempt, faults[passed[0]]) {
			break
		}
		ask = passed
	}
	replies := make([]Reply, len(cmds))
	for i := range cmds {
		replies[i] = answer(op, results[i], faults[i])
		p.note(cmds[i].Slot(), faults[i])
	}
	return replies
}

func pick(cmds []rueidis.Completed, which []int) []rueidis.Completed {
	if len(which) == len(cmds) {
		return cmds
	}
	some := make([]rueidis.Completed, len(which))
	for n, i := range which {
		some[n] = cmds[i]
	}
	return some
}

// attemptMulti is attempt for several commands.
func (c *Client) attemptMulti(ctx context.Context, cmds []rueidis.Completed) ([]rueidis.RedisResult, error) {
	redis, err := c.connected(cmds[0].Slot())
	if err != nil {
		return nil, err
	}
	if c.dialer.opening.Load() == 0 {
		return redis.DoMulti(ctx, cmds...), nil
	}
	came := make(chan []rueidis.RedisResult, 1)
	go func() { came <- redis.DoMulti(ctx, cmds...) }()
	select {
	case results := <-came:
		return results, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
