package flows

import (
	"sync/atomic"
	"time"

	"tollgate/cache"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

// Config is what the flows need. Every field without a default must be set.
type Config struct {
	Issuer    string // no trailing slash
	Store     store.Store
	Keys      *keys.Manager
	Handles   *token.Handles
	Passwords *Passwords

	AccessTTL    time.Duration // default 10 min
	RefreshTTL   time.Duration // default 30 days; absolute, rotation does not move it
	ReplayWindow time.Duration // in which a refresh may be retried; zero: never
	CodeTTL      time.Duration // default 60 s
	IDTokenTTL   time.Duration // default 10 min
	SessionTTL   time.Duration // default 12 h
	SigningAlg   oauth.Alg     // default RS256

	// AllowStale is how long a token that was good when the store was last asked still passes
	// /validate while the store is lost; zero: not at all (validate.on_store_loss).
	AllowStale time.Duration

	// CacheBytes bounds what is remembered of access tokens that were verified; default 64 MiB.
	CacheBytes int64

	// MaxStale is how long a node may go by what it remembers of the store (validate.max_stale).
	MaxStale time.Duration // default 1 s

	PerClient cache.Rate // requests of an authenticated client
	Guesses   cache.Rate // codes and refresh tokens that are not good, see guesses.go
	// Share, if set, has a limit kept together with the other nodes.
	Share func(name string, l *cache.Limiter)

	OnEvent func(Event)
	Now     func() time.Time
}

const (
	// leeway is how long an expired token still passes (RFC 7519 4.1.4). It is applied once, on reading.
	leeway = 5 * time.Second
	// maxSkew is how far the clocks of two nodes may differ.
	maxSkew = 30 * time.Second
	// clockMargin is how much longer than a token lives by our clock it may live by another's.
	clockMargin = maxSkew + 2*leeway
	// keepEnded is how much longer still the store remembers what was ended: it forgets by its own
	// clock, which may jump. A code that is forgotten too early is refused, a revocation is undone.
	keepEnded = time.Hour
)

// Flows is every protocol on one store and one key set. Its methods may be called concurrently.
type Flows struct {
	cfg       Config
	store     store.Store
	keys      *keys.Manager
	verifier  *token.Verifier
	signing   turns
	clients   Limit
	guesses   Limit
	resources string // the default audience of access tokens
	refused   refused
	known     *knowledge
	began     time.Time
	lastHeard atomic.Int64 // age in milliseconds at which revocation was last known, plus one; 0 never
}

// New returns flows that are ready as soon as the key manager has loaded.
func New(c Config) *Flows {
	c.setDefaults()
	return &Flows{
		cfg: c, store: c.Store, keys: c.Keys, signing: newTurns(allButOne(), "sign"),
		clients: NewLimit(LimitPerClient, c.PerClient, c.Now, c.Share), guesses: NewLimit(LimitGuesses, c.Guesses, c.Now, c.Share),
		known: newKnowledge(c.CacheBytes), began: c.Now(), resources: c.Issuer + "/resources",
		refused: refused{now: func() int64 { return c.Now().Unix() }},
		verifier: &token.Verifier{
			Issuer: c.Issuer, Keys: c.Keys.Snapshot, Now: c.Now, Leeway: leeway, Skew: maxSkew, MaxLife: MaxAccessTTL,
		},
	}
}

func (c *Config) setDefaults() {
	setDefault(&c.AccessTTL, 10*time.Minute)
	setDefault(&c.RefreshTTL, 30*24*time.Hour)
	setDefault(&c.CodeTTL, 60*time.Second)
	setDefault(&c.IDTokenTTL, 10*time.Minute)
	setDefault(&c.SessionTTL, 12*time.Hour)
	if c.CacheBytes == 0 {
		c.CacheBytes = defaultCacheBytes
	}

	setDefault(&c.MaxStale, time.Second)
	if c.SigningAlg == "" {
		c.SigningAlg = oauth.RS256
	}
	if c.OnEvent == nil {
		c.OnEvent = func(Event) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// MaxAccessTTL bounds the life of every access token: none that claims more is ours.
const MaxAccessTTL = 24 * time.Hour

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// KeepRetiredKeys is how long a retired key must stay published: the longest life of what it
// signed, and how far clocks differ.
func (c Config) KeepRetiredKeys() time.Duration {
	c.setDefaults()
	return max(c.AccessTTL, c.IDTokenTTL) + clockMargin
}

// ahead is how far in the future the cut-off of who is disabled or deleted lies: another node's clock
// may be that fast, and it may not have heard of it for that long.
func (f *Flows) ahead() time.Duration { return maxSkew + f.cfg.MaxStale }

// tokenEnd is until when the end of a token must be remembered that expires then.
func tokenEnd(expires int64) time.Time { return time.Unix(expires, 0).Add(clockMargin + keepEnded) }

// tokensEnd is tokenEnd of every access token that exists now, whatever the life its issuer was
// configured to give it.
func (f *Flows) tokensEnd() time.Time { return f.now().Add(MaxAccessTTL + clockMargin + keepEnded) }

// grantsEnd is the same for refresh families and all that can come of them: none is refreshed
// beyond the refresh_ttl of the node that is asked.
func (f *Flows) grantsEnd() time.Time {
	return f.tokensEnd().Add(max(f.cfg.RefreshTTL, f.cfg.SessionTTL))
}

// now is truncated to what records keep, so that what is written compares equal to what is read.
func (f *Flows) now() time.Time { return f.cfg.Now().UTC().Truncate(time.Millisecond) }

// outage turns what a store says, where it is no decision, into 503.
func outage(err error) error {
	if store.IsDecision(err) {
		return oauth.Internal(err)
	}
	return oauth.Unavailable(err)
}

// Keys returns the key manager.
func (f *Flows) Keys() *keys.Manager { return f.keys }
