package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.uber.org/zap"

	"tollgate/cache"
	"tollgate/cmd/tollgate/config"
	"tollgate/flows"
	"tollgate/flows/keys"
	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
	"tollgate/flows/store/redistore"
	"tollgate/flows/token"
	"tollgate/redisx"
)

// handlePurpose separates the keys that mark codes and refresh tokens from what else the master
// key is for. It must never change: every refresh token out there would be refused.
const handlePurpose = "opaque handles"

// node is everything below HTTP, for a server or for one command.
type node struct {
	store store.Store
	redis *redisx.Client // behind store; nil for memory
	// redisAt is where redis is, and as whom it is asked.
	redisAt *config.Redis
	// commands are what store has redis run.
	commands [][]string
	limits   *redisx.SharedLimits // nil for memory
	keys     *keys.Manager
	flows    *flows.Flows
	log      *zap.Logger

	preparing  atomic.Bool            // dev makes its demo data, which nobody needs to be told of
	keyTrouble atomic.Pointer[string] // why keys are not up to date; nil or "" if they are
	damper     *flows.EventDamper
	events     *eventKeeper
	audit      *auditLog // nil where there is none
}

// wiring is what a node is built from.
type wiring struct {
	config  *config.Config
	master  *keys.Master
	log     *zap.Logger
	observe func(op string, took time.Duration, err error) // of every store operation; may be nil
	metrics *metrics.Set                                   // may be nil
	audit   *auditLog                                      // may be nil
}

// wire builds a node, which close ends. It also works while Redis is away.
func wire(w wiring) (*node, error) {
	c := w.config
	n := &node{log: w.log, audit: w.audit, redisAt: &c.Redis}
	if err := n.openStore(c, w.observe); err != nil {
		return nil, err
	}
	name := nodeName()
	n.events = newEventKeeper(n.store, name, w.metrics, w.log)
	n.audit.begin(plainName(name), w.metrics)
	n.damper = flows.NewEventDamper(n.keepEvent, time.Now)
	fc := flows.Config{
		Issuer:       c.Issuer,
		Store:        n.store,
		Handles:      token.NewHandles(w.master.Derive(handlePurpose)...),
		Passwords:    flows.NewPasswords(0),
		AccessTTL:    c.Tokens.AccessTTL,
		RefreshTTL:   c.Tokens.RefreshTTL,
		ReplayWindow: c.Tokens.RefreshReplayWindow,
		CodeTTL:      c.Tokens.CodeTTL,
		SigningAlg:   c.Tokens.SigningAlg,
		MaxStale:     c.Validation.MaxStale,
		AllowStale:   c.Validation.OnStoreLoss.AllowFor,
		CacheBytes:   int64(c.Cache.Bytes),
		PerClient:    c.RateLimits.PerClient.Rate,
		Guesses:      c.RateLimits.Guesses.Rate,
		Share:        n.share,
		OnEvent:      n.damper.Add,
	}
	n.keys = keys.NewManager(keys.Config{
		Store:        n.store,
		Master:       w.master,
		RotateEvery:  c.Keys.RotateEvery,
		PublishAhead: c.Keys.PublishAhead,
		KeepRetired:  fc.KeepRetiredKeys(),
		Node:         name,
		Now:          time.Now,
		OnEvent:      n.logKeyEvent,
		OnChange:     n.onKeyChange,
		OnError:      n.noteKeys,
	})
	fc.Keys = n.keys
	n.flows = flows.New(fc)
	return n, nil
}

// masterOf returns the configured master key; a store that dies with this process gets a fresh one.
func masterOf(c *config.Config) (*keys.Master, error) {
	if c.Keys.Master != nil {
		return c.Keys.Master, nil
	}
	if c.Store == config.StoreRedis {
		return nil, errors.New("keys.master_key_file is not set")
	}
	return keys.ParseMaster([]byte(keys.NewMasterKey()))
}

func (n *node) openStore(c *config.Config, observe func(string, time.Duration, error)) error {
	if c.Store == config.StoreMemory {
		n.store = memstore.New(memstore.Options{})
		return nil
	}
	var err error
	n.redis, err = redisx.Open(redisConfig(c, observe))
	if err != nil {
		return err
	}
	n.store = redistore.New(n.redis, c.Redis.KeyPrefix)
	n.commands = redistore.Commands(c.Redis.KeyPrefix)
	n.limits = redisx.NewSharedLimits(n.redis, c.Redis.KeyPrefix)
	return nil
}

func redisConfig(c *config.Config, observe func(string, time.Duration, error)) redisx.Config {
	r := &c.Redis
	out := redisx.Config{
		Mode:               redisx.Mode(r.Mode),
		Addresses:          r.Addresses,
		SentinelMaster:     r.SentinelMaster,
		Username:           r.Username,
		Password:           r.Password.Reveal(),
		PasswordFrom:       r.ReadPassword,
		DB:                 r.DB,
		Timeout:            r.Timeout,
		CachedPrefixes:     redistore.CachedPrefixes(r.KeyPrefix),
		MaxStale:           c.Validation.MaxStale,
		GenerationPrefixes: redistore.GenerationPrefixes(r.KeyPrefix),
		WaitReplicas:       r.WaitReplicas,
		Observe:            observe,
	}
	if r.TLS.Enabled {
		out.TLS = &redisx.TLS{
			CAFile: string(r.TLS.CAFile), CertFile: string(r.TLS.CertFile), KeyFile: string(r.TLS.KeyFile),
			ServerName: r.TLS.ServerName,
		}
	}
	return out
}

// share has a limit kept together with those of its name on the other nodes.
func (n *node) share(name string, l *cache.Limiter) {
	if n.limits == nil {
		return
	}
	l.Share(name, n.limits.Wake())
	var debts []cache.Debt
	n.limits.Add(redisx.Limit{Settle: l.Settle, Take: func(dst []redisx.Spent) []redisx.Spent {
		debts = l.TakeDebts(debts[:0])
		for _, d := range debts {
			dst = append(dst, redisx.Spent{Key: d.Key, Name: d.Name, Amount: d.Spent})
		}
		return dst
	}})
}

// nodeName tells this process apart from all others on one store.
func nodeName() string {
	host, _ := os.Hostname() // a name without a host is still unique
	raw := make([]byte, 9)
	rand.Read(raw)
	return host + "-" + base64.RawURLEncoding.EncodeToString(raw)
}
