package server

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"tollgate/cache"
	"tollgate/flows"
)

// Config is everything a server needs to know. Issuer, Flows and Ready have no default.
type Config struct {
	Flows  *flows.Flows
	Issuer string // without a trailing slash; the one origin that answers ever name

	TrustedProxies []netip.Prefix
	AllowedOrigins []string // of pages that may call the API (CORS)

	MaxBody      int // bytes; 0 is 64 KiB
	MaxBatchBody int // of /introspect/batch; 0 is 512 KiB
	MaxHeader    int // request line and headers; 0 is 16 KiB

	PerIP    cache.Rate // every public endpoint but the cheap ones and /validate
	Login    cache.Rate // attempts per user and address; ten times that per address
	Validate cache.Rate // /validate, per address
	// Share, if set, has a limit kept together with the other nodes.
	Share func(name string, l *cache.Limiter)

	// Ready says whether requests can be served, and how each dependency is.
	Ready func() (bool, map[string]Dependency)

	AdminToken  string // bearer of /admin/v1; "" turns the admin API off
	Version     string
	Log         *zap.Logger   // nil is silence
	LogSample   int           // of so many routine answers one is logged; 0 and 1 are all
	LogFirst    int           // so many of them are logged in each second whatever the sample
	SlowRequest time.Duration // requests from here on are logged as slow; 0 is never
	DrainDelay  time.Duration // between /readyz turning 503 and the listeners closing
	Metrics     *metrics.Set  // nil makes one
	Now         func() time.Time
}

// Dependency is the state of something we cannot work without, for /healthz.
type Dependency struct {
	OK        bool
	Latency   time.Duration
	LastError string
}

// Server answers HTTP on two listeners. Public and Ops may be called directly in tests.
type Server struct {
	Public fasthttp.RequestHandler
	Ops    fasthttp.RequestHandler

	cfg     Config
	flows   *flows.Flows
	issuer  string
	site    site // the issuer, as pages and cookies see it
	trusted []netip.Prefix
	origins map[string]struct{}
	slow    time.Duration
	sample  int
	firsts  firsts // of routine answers
	outages firsts // of what could not be answered
	limits  firsts // of what was turned away by a limit
	log     *zap.Logger
	now     func() time.Time
	clock   *clock // of what is measured or limited

	perIP       flows.Limit
	logins      flows.Limit    // per user and address
	loginAddrs  flows.Limit    // per address
	lockouts    *cache.Limiter // of the events about logins that were refused
	validations flows.Limit

	unmatched route            // stands for a request that no route took
	gates     map[string]*gate // by route name
	discovery document
	cursorKey []byte // of admin listings
	metrics   *meters
	draining  atomic.Bool
	deadlines *deadlines
	base      context.Context    // of everything that works for this server
	stop      context.CancelFunc // ends it

	listeners  listeners
	publicHTTP *fasthttp.Server
	opsHTTP    *fasthttp.Server
}

// New returns a server that does not listen yet.
func New(cfg Config) (*Server, error) {
	clock := newClock(cfg.Now)
	cfg.setDefaults()
	site, err := newSite(cfg.Issuer)
	if err != nil {
		return nil, err
	}
	base, stop := context.WithCancel(context.Background())
	s := &Server{
		cfg:         cfg,
		flows:       cfg.Flows,
		issuer:      cfg.Issuer,
		site:        site,
		trusted:     cfg.TrustedProxies,
		origins:     map[string]struct{}{},
		gates:       map[string]*gate{},
		slow:        cfg.SlowRequest,
		sample:      max(cfg.LogSample, 1),
		firsts:      firsts{most: int64(cfg.LogFirst)},
		outages:     firsts{most: outageLines},
		limits:      firsts{most: limitLines},
		log:         cfg.Log,
		now:         cfg.Now,
		clock:       clock,
		perIP:       flows.NewLimit(flows.LimitPerIP, cfg.PerIP, cfg.Now, cfg.Share),
		logins:      flows.NewLimit(flows.LimitLogin, cfg.Login, cfg.Now, cfg.Share),
		loginAddrs:  flows.NewLimit(flows.LimitLoginAddress, times(cfg.Login, usersPerAddr), cfg.Now, cfg.Share),
		lockouts:    cache.NewLimiter(lockoutRate(cfg.Login), cfg.Now),
		validations: flows.NewLimit(flows.LimitValidate, cfg.Validate, cfg.Now, cfg.Share),
		deadlines:   newDeadlines(base),
		base:        base,
		stop:        stop,
	}
	s.cursorKey = newCursorKey(cfg.AdminToken)
	for _, origin := range cfg.AllowedOrigins {
		s.origins[origin] = struct{}{}
	}
	s.discovery = renderMetadata(s.issuer)
	public, ops := publicRoutes(), opsRoutes()
	s.metrics = newMeters(cfg.Metrics, public, ops)
	s.unmatched = route{name: unmatchedName, fail: failJSON, meters: s.metrics.routes[unmatchedName]}
	s.Public, s.Ops = s.chain(public), s.chain(ops)
	s.publicHTTP, s.opsHTTP = s.newHTTP(s.Public), s.newHTTP(s.Ops)
	return s, nil
}

func (c *Config) setDefaults() {
	c.MaxBody = orDefault(c.MaxBody, 64<<10)
	c.MaxBatchBody = orDefault(c.MaxBatchBody, 512<<10)
	c.MaxHeader = orDefault(c.MaxHeader, 16<<10)
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

func orDefault(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return n
}
