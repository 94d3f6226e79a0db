package config

import (
	"time"

	"tollgate/flows/keys"
	"tollgate/flows/oauth"
)

// Config is a whole configuration. The yaml tags are the keys' names; a key's path joins them with
// dots, its environment variable is EnvPrefix and the path in capitals with "__" for the dots.
type Config struct {
	Issuer         string     `yaml:"issuer"`
	Listen         Listen     `yaml:"listen"`
	TLS            ServerTLS  `yaml:"tls"`
	Store          string     `yaml:"store"`
	Redis          Redis      `yaml:"redis"`
	Tokens         Tokens     `yaml:"tokens"`
	Keys           Keys       `yaml:"keys"`
	Validation     Validation `yaml:"validate"`
	Cache          Cache      `yaml:"cache"`
	RateLimits     RateLimits `yaml:"rate_limits"`
	TrustedProxies []string   `yaml:"trusted_proxies"`
	CORS           CORS       `yaml:"cors"`
	Limits         Limits     `yaml:"limits"`
	Log            Log        `yaml:"log"`
	Admin          Admin      `yaml:"admin"`

	origins  map[string]origin // who set a key, by path
	dir      string            // of the file, where relative names in it start; "" without one
	warnings []Problem
}

// The values of store.
const (
	StoreRedis  = "redis"
	StoreMemory = "memory"
)

// The values of redis.mode.
const (
	ModeStandalone = "standalone" // one Redis server
	ModeSentinel   = "sentinel"   // a primary that Sentinels name
	ModeCluster    = "cluster"
)

// Listen holds the two listeners' addresses, host:port; an empty host is every interface.
type Listen struct {
	Public string `yaml:"public"`
	Ops    string `yaml:"ops"`
}

// ServerTLS is the public listener's certificate. Both empty: plain HTTP, TLS ends in front.
type ServerTLS struct {
	CertFile File `yaml:"cert_file"`
	KeyFile  File `yaml:"key_file"`
}

// Redis says where state is kept when Store is StoreRedis.
type Redis struct {
	Mode           string        `yaml:"mode"`
	Addresses      []string      `yaml:"addresses"`
	SentinelMaster string        `yaml:"sentinel_master"`
	Username       string        `yaml:"username"`
	PasswordFile   SecretFile    `yaml:"password_file"`
	DB             int           `yaml:"db"`
	TLS            RedisTLS      `yaml:"tls"`
	KeyPrefix      string        `yaml:"key_prefix"`
	Timeout        time.Duration `yaml:"timeout"`
	// WaitReplicas is how many replicas must have a write before it is acknowledged; 0: none.
	WaitReplicas int `yaml:"wait_replicas"`

	Password Secret `yaml:"-"` // what PasswordFile holds
}

// RedisTLS is how the connections to Redis are protected.
type RedisTLS struct {
	Enabled    bool   `yaml:"enabled"`
	CAFile     File   `yaml:"ca_file"` // empty: the system's authorities
	CertFile   File   `yaml:"cert_file"`
	KeyFile    File   `yaml:"key_file"`
	ServerName string `yaml:"server_name"` // empty: the address's host
}

// Tokens says how long what is handed out lives, and which algorithm signs it.
type Tokens struct {
	AccessTTL           time.Duration `yaml:"access_ttl"`
	RefreshTTL          time.Duration `yaml:"refresh_ttl"`
	RefreshReplayWindow time.Duration `yaml:"refresh_replay_window"`
	CodeTTL             time.Duration `yaml:"code_ttl"`
	SigningAlg          oauth.Alg     `yaml:"signing_alg"`
}

// Keys says how signing keys are sealed and when they change.
type Keys struct {
	MasterKeyFile SecretFile    `yaml:"master_key_file"`
	RotateEvery   time.Duration `yaml:"rotate_every"`
	PublishAhead  time.Duration `yaml:"publish_ahead"`

	Master *keys.Master `yaml:"-"` // what MasterKeyFile holds; nil where it is not set
}

// Validation says how old an answer about revocation may be.
type Validation struct {
	MaxStale    time.Duration `yaml:"max_stale"`
	OnStoreLoss OnStoreLoss   `yaml:"on_store_loss"`
}

// Cache bounds what this process remembers of access tokens, so that it need not verify them again.
type Cache struct {
	Bytes Size `yaml:"bytes"`
}

// RateLimits bounds requests by who sends them.
type RateLimits struct {
	PerIP     Rate `yaml:"per_ip"`
	PerClient Rate `yaml:"per_client"`
	Login     Rate `yaml:"login"`   // per user and address
	Guesses   Rate `yaml:"guesses"` // codes and refresh tokens that are not good
	Validate  Rate `yaml:"validate"`
}

// CORS lists the origins of pages that may call the API.
type CORS struct {
	AllowedOrigins []string `yaml:"allowed_origins"`
}

// Limits bounds the size of a request's parts.
type Limits struct {
	Body      Size `yaml:"body"`
	BatchBody Size `yaml:"batch_body"` // of /introspect/batch
	Header    Size `yaml:"header"`
}

// Log says what is written. A threshold of zero writes no slow lines.
type Log struct {
	Level string `yaml:"level"`
	// Sample: of so many usual answers of /validate, /introspect, probes and scrapes one is logged; 1 is all.
	Sample      int           `yaml:"sample"`
	SlowRequest time.Duration `yaml:"slow_request"`
	SlowStore   time.Duration `yaml:"slow_store"`
	AuditFile   File          `yaml:"audit_file"` // of security events; empty: they are in the log only
}

// Admin opens /admin/v1 on the ops listener to who holds the token; without one it stays shut.
type Admin struct {
	TokenFile SecretFile `yaml:"token_file"`

	Token Secret `yaml:"-"` // what TokenFile holds
}

// Default returns the configuration of an empty file. It lacks what nobody can guess: the issuer
// and the master key.
func Default() *Config {
	return &Config{
		Listen: Listen{Public: ":8080", Ops: "127.0.0.1:9090"},
		Store:  StoreRedis,
		Redis: Redis{
			Mode:      ModeStandalone,
			Addresses: []string{"127.0.0.1:6379"},
			KeyPrefix: "tollgate",
			Timeout:   250 * time.Millisecond,
		},
		Tokens: Tokens{
			AccessTTL:           10 * time.Minute,
			RefreshTTL:          720 * time.Hour,
			RefreshReplayWindow: 10 * time.Second,
			CodeTTL:             60 * time.Second,
			SigningAlg:          oauth.RS256,
		},
		Keys:       Keys{RotateEvery: 720 * time.Hour, PublishAhead: 24 * time.Hour},
		Validation: Validation{MaxStale: time.Second},
		Cache:      Cache{Bytes: 256 << 20},
		RateLimits: RateLimits{
			PerIP:     mustRate("200/s burst 400"),
			PerClient: mustRate("100/s burst 200"),
			Login:     mustRate("5/m burst 10"),
			Guesses:   mustRate("1/s burst 60"),
			Validate:  mustRate("off"),
		},
		Limits: Limits{Body: 64 << 10, BatchBody: 512 << 10, Header: 16 << 10},
		Log:    Log{Level: "info", Sample: 1000, SlowRequest: 250 * time.Millisecond, SlowStore: 20 * time.Millisecond},
	}
}

// Dev returns the configuration `tollgate dev` starts from: this machine only, memory, and every
// limit off but the one that guards passwords.
func Dev() *Config {
	c := Default()
	c.Issuer = "http://127.0.0.1:8080"
	c.Listen.Public = "127.0.0.1:8080"
	c.Store = StoreMemory
	c.RateLimits.PerIP = mustRate("off")
	c.RateLimits.PerClient = mustRate("off")
	c.RateLimits.Guesses = mustRate("off")
	return c
}
