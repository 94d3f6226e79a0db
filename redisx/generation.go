package redisx

import (
	"time"

	"github.com/redis/rueidis"
)

// Generation stands for all that ReadCached has answered: it moves when Redis takes any of it back,
// when a connection is lost and takes with it what came by it, and when this process has written.
// Who reads it, then reads values, and finds it unmoved later, knows the values to be what they
// were, for GenerationLife at the longest. It costs one atomic load.
//
// It moves after the connection's cache is emptied and after Wrote has noted its keys: who sees the
// new number and asks again is not answered with what made it move.
func (c *Client) Generation() uint64 { return c.generation.Load() }

// GenerationLife is how long what was read may be believed while Generation stands, should Redis
// ever forget to take it back: as long as a cached answer. Zero where nothing is cached.
func (c *Client) GenerationLife() time.Duration {
	if !c.caching {
		return 0
	}
	return c.cacheLife()
}

// invalidated is rueidis' OnInvalidations; nil is a flush or a lost connection. It runs where
// replies are read, so it must not wait.
func (c *Client) invalidated([]rueidis.RedisMessage) { c.generation.Add(1) }
