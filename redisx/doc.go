// Package redisx is Redis as a tool: a server, what Sentinels watch, or a cluster.
//
//	Do, DoMulti, Script.Exec ──> deadline ──> breaker ──> attempts ──> rueidis ──> Redis
//	ReadCached ──> memory, or the same way         └── an answer, ErrNil, or ErrUnavailable
//	SharedLimits: what processes have spent of limits, settled behind the backs of those who wait
//
// It owns connections, deadlines, what counts as an answer and as a failure, what may be asked
// again, what is remembered and for how long, and what must be true of a Redis. What is stored, and
// under which names, is left to others, but for the allowances of limits. It knows no OAuth.
package redisx
