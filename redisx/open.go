package redisx

import (
	"context"
	"fmt"
	"hash/maphash"
	"net"
	"time"

	"github.com/redis/rueidis"
)

const (
	// One connection that collects commands for 20 us carries twice what rueidis' default does
	// on a small machine, and half a MiB of buffer each way is for bulk loads, not for records.
	maxFlushDelay = 20 * time.Microsecond
	bufferSize    = 64 << 10

	// Connections that one command has to itself: durable writes, and what waits for events.
	durableWrites    = 16
	blockingPoolSize = durableWrites + 16

	// Sentinels announce a new primary once; who misses that is bound to the old one for ever.
	sentinelRefresh = 5 * time.Second
	// A cluster tells that slots moved only to who asks for one of them.
	clusterRefresh  = 5 * time.Second
	maxRedirections = 3

	retryOpen = 250 * time.Millisecond
)

// Open returns a client, also while Redis cannot be reached: it tries again, and commands say
// ErrUnavailable until it succeeds. An error means that the Config is wrong.
func Open(cfg Config) (*Client, error) {
	cfg.setDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	d, err := newDialer(&cfg)
	if err != nil {
		return nil, err
	}
	offline, _ := rueidis.NewClient(rueidis.ClientOption{ // the error is that nothing can be dialled
		InitAddress:       []string{"offline"},
		ForceSingleClient: true,
		DisableCache:      true,
		DialCtxFn: func(context.Context, string, *net.Dialer, *tlsConfig) (net.Conn, error) {
			return nil, net.ErrClosed
		},
	})
	c := &Client{
		cfg: cfg, offline: offline, dialer: d,
		breakers: newBreakers(cfg.Mode), caching: len(cfg.CachedPrefixes) > 0,
		slots:  make(chan struct{}, durableWrites),
		opened: make(chan struct{}),
	}
	c.budget.fill()
	c.written.life = cfg.MaxStale
	c.generations.prefixes, c.generations.seed = cfg.GenerationPrefixes, maphash.MakeSeed()
	c.closing, c.close = context.WithCancel(context.Background())

	if cfg.Mode == Standalone { // dials again by itself, so a first dial that failed is no matter
		defer close(c.opened)
		redis, err := rueidis.NewClient(c.options())
		if redis == nil {
			return nil, fmt.Errorf("redisx: open: %w", err)
		}
		c.redis.Store(&redis)
		return c, nil
	}
	go c.open()
	select { // so that the first command finds a Redis that is there
	case <-c.opened:
	case <-time.After(2 * cfg.Timeout):
	}
	return c, nil
}

// open tries until Sentinels or a cluster have said who the primaries are.
func (c *Client) open() {
	defer close(c.opened)
	for c.closing.Err() == nil {
		redis, err := rueidis.NewClient(c.options())
		if err == nil {
			c.redis.Store(&redis)
			if c.cfg.Mode == Cluster {
				go c.followPlaces()
			}
			return
		}
		c.dialer.failed(err)
		select {
		case <-c.closing.Done():
		case <-time.After(retryOpen):
		}
	}
}

func (c *Client) options() rueidis.ClientOption {
	dialer := net.Dialer{Timeout: c.cfg.Timeout, KeepAlive: c.cfg.keepAlive()}
	o := rueidis.ClientOption{
		InitAddress:         c.cfg.Addresses,
		AuthCredentialsFn:   c.dialer.credentials,
		SelectDB:            c.cfg.DB,
		ClientSetInfo:       rueidis.DisableClientSetInfo, // one permission less to give
		DialCtxFn:           c.dialer.dial,
		Dialer:              dialer,
		ConnWriteTimeout:    c.cfg.writeTimeout(),
		DisableRetry:        true, // we retry, within a budget
		DisableCache:        !c.caching,
		CacheSizeEachConn:   c.cfg.CacheBytes,
		AlwaysPipelining:    true,
		PipelineMultiplex:   -1, // one connection
		MaxFlushDelay:       maxFlushDelay,
		ReadBufferEachConn:  bufferSize,
		WriteBufferEachConn: bufferSize,
		BlockingPoolSize:    blockingPoolSize,
	}
	if c.caching {
		for _, prefix := range c.cfg.CachedPrefixes {
			o.ClientTrackingOptions = append(o.ClientTrackingOptions, "PREFIX", prefix)
		}
		o.ClientTrackingOptions = append(o.ClientTrackingOptions, "BCAST")
		o.OnInvalidations = c.generations.invalidated
	}
	if c.cfg.TLS != nil {
		o.TLSConfig = &tlsConfig{} // says that ports are those of TLS; the dialer has the real one
	}
	switch c.cfg.Mode {
	case Standalone:
		o.ForceSingleClient = true
	case Sentinel:
		o.Sentinel = rueidis.SentinelOption{
			MasterSet: c.cfg.SentinelMaster, Dialer: dialer, TLSConfig: o.TLSConfig,
			TopologyRefreshInterval: sentinelRefresh,
		}
	case Cluster:
		o.ClusterOption = rueidis.ClusterOption{
			ShardsRefreshInterval: clusterRefresh, MaxMovedRedirections: maxRedirections,
		}
	}
	return o
}
