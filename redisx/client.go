package redisx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/redis/rueidis"
)

const (
	defaultTimeout = 250 * time.Millisecond

	// A Redis that hangs is noticed after keepAlive + writeTimeout. rueidis' defaults would leave
	// it unnoticed for 11 s.
	keepAlive    = 200 * time.Millisecond
	writeTimeout = 500 * time.Millisecond

	// One connection that collects commands for 20 us carries twice what rueidis' default does
	// on a small machine, and half a MiB of buffer each way is for bulk loads, not for records.
	maxFlushDelay    = 20 * time.Microsecond
	bufferSize       = 64 << 10
	blockingPoolSize = 8
)

// Config says where Redis is and how long it may take.
type Config struct {
	Addresses []string // host:port; exactly one
	Username  string
	Password  string
	DB        int
	TLS       *tls.Config   // nil: plain TCP
	Timeout   time.Duration // of a command, dialling included; 0: 250 ms
	// Observe, if set, is told of every command when it is over. It must be quick. A nil reply
	// is an answer: err is nil.
	Observe func(op string, took time.Duration, err error)
}

// Client talks to one Redis. It is safe for concurrent use.
type Client struct {
	redis   rueidis.Client
	timeout time.Duration
	observe func(op string, took time.Duration, err error)
}

// Open returns a client, also while Redis cannot be reached: it dials again with every command,
// and commands say ErrUnavailable until it succeeds. An error means that the Config is wrong.
func Open(cfg Config) (*Client, error) {
	if len(cfg.Addresses) != 1 {
		return nil, fmt.Errorf("redisx: a standalone Redis has one address, not %d", len(cfg.Addresses))
	}
	timeout := cfg.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	redis, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:         cfg.Addresses,
		Username:            cfg.Username,
		Password:            cfg.Password,
		SelectDB:            cfg.DB,
		TLSConfig:           cfg.TLS,
		Dialer:              net.Dialer{Timeout: timeout, KeepAlive: keepAlive},
		ConnWriteTimeout:    writeTimeout,
		ForceSingleClient:   true,
		DisableCache:        true,
		AlwaysPipelining:    true,
		PipelineMultiplex:   -1, // one connection
		MaxFlushDelay:       maxFlushDelay,
		ReadBufferEachConn:  bufferSize,
		WriteBufferEachConn: bufferSize,
		BlockingPoolSize:    blockingPoolSize,
	})
	if redis == nil { // with a client, err is only that the first dial failed
		return nil, fmt.Errorf("redisx: open: %w", err)
	}
	c := &Client{redis: redis, timeout: timeout, observe: cfg.Observe}
	if c.observe == nil {
		c.observe = func(string, time.Duration, error) {}
	}
	return c, nil
}

// Close ends all connections.
func (c *Client) Close() { c.redis.Close() }

// Ping returns how long Redis took to answer.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	_, err := c.Do(ctx, "ping", c.B().Ping().Build())
	return time.Since(start), err
}

// B returns a builder of commands. A command is used once. Its strings must not alias a buffer
// that is reused: after a timeout the connection may still be about to write it.
func (c *Client) B() rueidis.Builder { return c.redis.B() }

// ErrNil is Redis' nil reply: what was asked for is not there.
var ErrNil = errors.New("redisx: nil")

// ErrUnavailable is everything that is not an answer: no connection, no reply in time, or a
// reply that the command could not be run. The command may have been run.
var ErrUnavailable = errors.New("redis is unavailable")
