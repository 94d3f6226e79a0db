package redisx

import (
	"errors"
	"fmt"
	"time"
)

// Mode is how several Redis servers make one Redis.
type Mode string

// The modes that exist; "" is Standalone.
const (
	Standalone Mode = "standalone" // one server
	Sentinel   Mode = "sentinel"   // a primary that Sentinels name, and its replicas
	Cluster    Mode = "cluster"    // slots spread over primaries
)

// Config says where Redis is and how long it may take.
type Config struct {
	Mode           Mode
	Addresses      []string // host:port; of Sentinels, or of some nodes of a cluster
	SentinelMaster string   // the name that Sentinels know the primary by
	Username       string
	Password       string
	// PasswordFrom, if set, is asked for the password of every new connection, so that it can be
	// changed while we run. While it fails, the last password serves.
	PasswordFrom func() (string, error)
	DB           int
	TLS          *TLS          // nil: plain TCP
	Timeout      time.Duration // of a command, dialling included; 0: 250 ms

	// CachedPrefixes are what the keys begin with that ReadCached may answer from memory. None
	// turns the cache off. No prefix may begin with another one.
	CachedPrefixes []string
	// GenerationPrefixes are what those keys begin with whose changes Generation speaks of; none: of
	// all that are cached.
	GenerationPrefixes []string
	CacheBytes         int // of a connection's cache; 0: 64 MiB
	// MaxStale is within what time a Redis that hangs is given up, and with it all that is cached;
	// 0: 1 s. It also bounds the life of what is cached where slots may move.
	MaxStale time.Duration

	// WaitReplicas is how many replicas must have a durable write before it counts; 0: none.
	WaitReplicas int

	// Observe, if set, is told of every command when it is over, and not of what was answered from
	// memory. It must be quick. A nil reply is an answer: err is nil.
	Observe func(op string, took time.Duration, err error)
}

const (
	defaultTimeout  = 250 * time.Millisecond
	defaultMaxStale = time.Second
	defaultCache    = 64 << 20

	// A Redis that hangs is noticed after two keep-alives and a write timeout, which together stay
	// below MaxStale. rueidis' defaults would leave it unnoticed for 11 s. The least are what a busy
	// machine needs not to give up a Redis that is well.
	keepAlive         = 200 * time.Millisecond
	leastKeepAlive    = 10 * time.Millisecond
	writeTimeout      = 500 * time.Millisecond
	leastWriteTimeout = 25 * time.Millisecond
)

func (cfg *Config) setDefaults() {
	if cfg.Mode == "" {
		cfg.Mode = Standalone
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.MaxStale == 0 {
		cfg.MaxStale = defaultMaxStale
	}
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = defaultCache
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, time.Duration, error) {}
	}
}

func (cfg *Config) check() error {
	switch {
	case cfg.Mode != Standalone && cfg.Mode != Sentinel && cfg.Mode != Cluster:
		return fmt.Errorf("redisx: there is no mode %q", cfg.Mode)
	case len(cfg.Addresses) == 0:
		return errors.New("redisx: no address given")
	case cfg.Mode == Standalone && len(cfg.Addresses) > 1:
		return fmt.Errorf("redisx: a standalone Redis has one address, not %d", len(cfg.Addresses))
	case (cfg.Mode == Sentinel) != (cfg.SentinelMaster != ""):
		return errors.New("redisx: mode sentinel, and only that, needs the name of its primary")
	case cfg.Mode == Cluster && cfg.DB != 0:
		return errors.New("redisx: a cluster has no databases")
	}
	return nil
}

func (cfg *Config) keepAlive() time.Duration {
	return max(leastKeepAlive, min(keepAlive, cfg.MaxStale/5))
}

func (cfg *Config) writeTimeout() time.Duration {
	return max(leastWriteTimeout, min(writeTimeout, cfg.MaxStale/2))
}
