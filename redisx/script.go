package redisx

import (
	"context"
	"crypto/sha1" // names the script, as Redis does; it guards nothing
	"encoding/hex"
	"errors"

	"github.com/redis/rueidis"
)

// Script is a Lua script that Redis runs as one atomic step. It is never repeated on its own,
// because a script whose reply got lost may have run, unless it is Idempotent.
type Script struct {
	source     string
	sha1       string
	idempotent bool
	durable    bool
}

// NewScript prepares a script; Redis sees it with the first Exec.
func NewScript(source string) *Script {
	sum := sha1.Sum([]byte(source))
	return &Script{source: source, sha1: hex.EncodeToString(sum[:])}
}

// Idempotent says that running twice does and answers what running once does, so that it may be
// repeated like a read. It returns the script.
func (s *Script) Idempotent() *Script {
	s.idempotent = true
	return s
}

// Durable says that the answer acknowledges something: it is given once Config.WaitReplicas
// replicas have what the script wrote. It returns the script.
func (s *Script) Durable() *Script {
	s.durable = true
	return s
}

// Call is one run of a script.
type Call struct {
	Script *Script
	Keys   []string
	Args   []string
}

// Exec runs the script by its name, and hands it over where Redis does not know it yet. The
// error is that of Client.Do.
func (s *Script) Exec(ctx context.Context, c *Client, op string, keys []string, args ...string) (rueidis.RedisMessage, error) {
	call := Call{Script: s, Keys: keys, Args: args}
	named := call.byName(c)
	if s.idempotent {
		named = named.Pin() // it may be sent again
	}
	run := plainly
	if s.durable && c.cfg.WaitReplicas > 0 {
		run = c.durably
	}
	reply := c.one(ctx, op, named.Slot(), s.idempotent, func(ctx context.Context, redis rueidis.Client) rueidis.RedisResult {
		result := run(ctx, redis, named)
		if unknown(result.Error()) {
			result = run(ctx, redis, call.bySource(c))
		}
		return result
	})
	return reply.RedisMessage, reply.Err
}

func plainly(ctx context.Context, redis rueidis.Client, cmd rueidis.Completed) rueidis.RedisResult {
	return redis.Do(ctx, cmd)
}

// ExecMulti runs scripts on keys that may live on different nodes, in one round trip. The runs are
// not one atomic step, and none is repeated. It is for scripts that acknowledge nothing.
func (c *Client) ExecMulti(ctx context.Context, op string, calls ...Call) []Reply {
	cmds := make(rueidis.Commands, len(calls))
	for i, call := range calls {
		cmds[i] = call.byName(c)
	}
	replies := c.DoMulti(ctx, op, cmds...)
	for i, call := range calls {
		if unknown(replies[i].Err) {
			message, err := call.Script.Exec(ctx, c, op, call.Keys, call.Args...)
			replies[i] = Reply{RedisMessage: message, Err: err}
		}
	}
	return replies
}

func (call Call) byName(c *Client) rueidis.Completed {
	return c.B().Evalsha().Sha1(call.Script.sha1).Numkeys(int64(len(call.Keys))).Key(call.Keys...).Arg(call.Args...).Build()
}

func (call Call) bySource(c *Client) rueidis.Completed {
	return c.B().Eval().Script(call.Script.source).Numkeys(int64(len(call.Keys))).Key(call.Keys...).Arg(call.Args...).Build()
}

// unknown reports whether Redis has not seen the script yet, and so has not run it.
func unknown(err error) bool {
	var e *rueidis.RedisError
	return errors.As(err, &e) && e.IsNoScript()
}
