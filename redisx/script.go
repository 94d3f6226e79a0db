package redisx

import (
	"context"
	"crypto/sha1" // names the script, as Redis does; it guards nothing
	"encoding/hex"
	"errors"

	"github.com/redis/rueidis"
)

// Script is a Lua script that Redis runs as one atomic step. It is never repeated on its own: a
// script whose reply got lost may have run.
type Script struct {
	source string
	sha1   string
}

// NewScript prepares a script; Redis sees it with the first Exec.
func NewScript(source string) *Script {
	sum := sha1.Sum([]byte(source))
	return &Script{source: source, sha1: hex.EncodeToString(sum[:])}
}

// Call is one run of a script.
type Call struct {
	Keys []string
	Args []string
}

// Exec runs the script by its name, and hands it over where Redis does not know it yet. The
// error is that of Client.Do.
func (s *Script) Exec(ctx context.Context, c *Client, op string, keys []string, args ...string) (rueidis.RedisMessage, error) {
	call := Call{Keys: keys, Args: args}
	reply := c.run(ctx, op, func(ctx context.Context) rueidis.RedisResult {
		result := c.redis.Do(ctx, s.byName(c, call))
		if unknown(result.Error()) {
			result = c.redis.Do(ctx, s.bySource(c, call))
		}
		return result
	})
	return reply.RedisMessage, reply.Err
}

// ExecMulti runs the script several times, on keys that may live on different nodes, in one
// round trip. The runs are not one atomic step.
func (s *Script) ExecMulti(ctx context.Context, c *Client, op string, calls ...Call) []Reply {
	cmds := make(rueidis.Commands, len(calls))
	for i, call := range calls {
		cmds[i] = s.byName(c, call)
	}
	replies := c.DoMulti(ctx, op, cmds...)
	for i, call := range calls {
		if unknown(replies[i].Err) {
			message, err := s.Exec(ctx, c, op, call.Keys, call.Args...)
			replies[i] = Reply{RedisMessage: message, Err: err}
		}
	}
	return replies
}

func (s *Script) byName(c *Client, call Call) rueidis.Completed {
	return c.B().Evalsha().Sha1(s.sha1).Numkeys(int64(len(call.Keys))).Key(call.Keys...).Arg(call.Args...).Build()
}

func (s *Script) bySource(c *Client, call Call) rueidis.Completed {
	return c.B().Eval().Script(s.source).Numkeys(int64(len(call.Keys))).Key(call.Keys...).Arg(call.Args...).Build()
}

// unknown reports whether Redis has not seen the script yet, and so has not run it.
func unknown(err error) bool {
	var e *rueidis.RedisError
	return errors.As(err, &e) && e.IsNoScript()
}
