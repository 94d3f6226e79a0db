package redisx

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// Client talks to one Redis: a server, what Sentinels watch, or a cluster. It is safe for
// concurrent use.
type Client struct {
	cfg      Config
	redis    atomic.Pointer[rueidis.Client] // nil until the first connection of Sentinel and Cluster
	offline  rueidis.Client                 // builds commands until then
	dialer   *dialer
	breakers *breakers
	budget   budget
	caching  bool
	written  written
	// generations move whenever what ReadCached said may not hold any more.
	generations generations
	slots       chan struct{} // one for each dedicated connection that may be in use
	closing     context.Context
	close       context.CancelFunc
	opened      chan struct{} // closed once nobody tries to open any more
}

// Ping returns how long Redis took to answer.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	_, err := c.Do(ctx, "ping", c.B().Ping().Build())
	return time.Since(start), err
}

// Dials is how many connections were opened so far. It grows before the first command goes over a
// new one: as long as it stays, nobody has talked to a Redis that was started anew.
func (c *Client) Dials() int64 { return c.dialer.dials.Load() }

// B returns a builder of commands. A command is used once. Its strings must not alias a buffer
// that is reused: after a timeout the connection may still be about to write it.
func (c *Client) B() rueidis.Builder {
	if redis := c.redis.Load(); redis != nil {
		return (*redis).B()
	}
	return c.offline.B()
}

// Close ends all connections.
func (c *Client) Close() {
	c.close()
	<-c.opened
	if redis := c.redis.Load(); redis != nil {
		(*redis).Close()
	}
	c.offline.Close()
}

// ErrNil is Redis' nil reply: what was asked for is not there.
var ErrNil = errors.New("redisx: nil")

// ErrUnavailable is everything that is not an answer: no connection, no reply in time, a reply
// that the command could not be run, or a breaker that is open. The command may have been run.
var ErrUnavailable = errors.New("redis is unavailable")
