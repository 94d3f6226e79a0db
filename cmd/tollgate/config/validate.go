package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tollgate/flows/oauth"
)

// The bounds that are not the operator's to move.
const (
	maxAccessTTL = 24 * time.Hour        // a longer one outlives every reason to revoke by expiry
	maxCodeTTL   = 10 * time.Minute      // RFC 6749 4.1.2
	maxTimeout   = 10 * time.Second      // a gateway waits no longer for its answer
	minStale     = 50 * time.Millisecond // less than that, and a busy machine gives up a Redis that is well
	maxStale     = time.Minute
)

// Validate reads the secrets' files and returns every rule the configuration breaks, each with the
// fix; Warnings returns what is legal and unwise. Load has called it.
func (c *Config) Validate() Problems { return c.validate(&validator{config: c}) }

func (c *Config) validateDev() Problems { return c.validate(&validator{config: c, dev: true}) }

func (c *Config) validate(v *validator) Problems {
	v.issuer()
	v.listeners()
	v.store()
	v.redis()
	v.tokens()
	v.keys()
	v.validation()
	v.network()
	v.limits()
	v.log()
	v.admin()
	c.warnings = v.warnings.sorted()
	return v.problems
}

// Warnings returns what the last Validate found legal and unwise.
func (c *Config) Warnings() []Problem { return c.warnings }

type validator struct {
	config   *Config
	problems Problems
	warnings Problems
	dev      bool // everything on this machine, nothing to keep
}

func (v *validator) at(path, format string, args []any) Problem {
	from := v.config.origins[path]
	return Problem{path, from.line, from.source, fmt.Sprintf(format, args...)}
}

func (v *validator) problem(path, format string, args ...any) {
	v.problems = append(v.problems, v.at(path, format, args))
}

func (v *validator) warn(path, format string, args ...any) {
	v.warnings = append(v.warnings, v.at(path, format, args))
}

// oneOf complains unless the value is one of the names.
func oneOf[T ~string](v *validator, path string, value T, names ...T) bool {
	if slices.Contains(names, value) {
		return true
	}
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = string(n)
	}
	v.problem(path, "%q is wrong; wants %s", clip(string(value)), strings.Join(words, ", "))
	return false
}

// between complains unless the value lies in the range, bounds included.
func between[T time.Duration | Size | int](v *validator, path string, value, low, high T) {
	if value < low || value > high {
		v.problem(path, "%s is wrong; wants %s to %s", spell(value), spell(low), spell(high))
	}
}

// seconds is between for what travels as whole seconds.
func (v *validator) seconds(path string, value, high time.Duration) {
	if value%time.Second != 0 {
		v.problem(path, "%s is wrong; wants whole seconds", spell(value))
		return
	}
	between(v, path, value, time.Second, high)
}

func (v *validator) store() {
	if oneOf(v, "store", v.config.Store, StoreRedis, StoreMemory) && v.config.Store == StoreMemory && !v.dev {
		v.warn("store", "memory forgets every client, user, token and key when the process ends; use redis")
	}
}

func (v *validator) tokens() {
	t := v.config.Tokens
	const longest = 10 * 365 * 24 * time.Hour
	v.seconds("tokens.access_ttl", t.AccessTTL, maxAccessTTL)
	v.seconds("tokens.refresh_ttl", t.RefreshTTL, longest)
	between(v, "tokens.refresh_replay_window", t.RefreshReplayWindow, 0, longest)
	if t.RefreshReplayWindow > t.RefreshTTL {
		v.problem("tokens.refresh_replay_window", "is longer than tokens.refresh_ttl (%s); make it shorter", spell(t.RefreshTTL))
	} else if t.RefreshReplayWindow > time.Minute {
		v.warn("tokens.refresh_replay_window", "a stolen refresh token goes unnoticed for as long; 10s is enough for a retry")
	}
	v.seconds("tokens.code_ttl", t.CodeTTL, maxCodeTTL)
	oneOf(v, "tokens.signing_alg", t.SigningAlg, oauth.Algs()...)
}

func (v *validator) validation() {
	between(v, "validate.max_stale", v.config.Validation.MaxStale, minStale, maxStale)
	allow := v.config.Validation.OnStoreLoss.AllowFor
	switch {
	case allow == 0:
	case allow < v.config.Validation.MaxStale:
		v.problem("validate.on_store_loss", "allows for less than validate.max_stale (%s); make it longer, or deny", spell(v.config.Validation.MaxStale))
	case allow > v.config.Tokens.AccessTTL:
		v.problem("validate.on_store_loss", "allows for longer than tokens.access_ttl (%s); make it shorter", spell(v.config.Tokens.AccessTTL))
	default:
		v.warn("validate.on_store_loss", "revoked tokens pass for up to %s while the store is lost", spell(allow))
	}
}

func (v *validator) limits() {
	l := v.config.Limits
	between(v, "cache.bytes", v.config.Cache.Bytes, 1<<20, 64<<30)
	between(v, "limits.body", l.Body, 4<<10, 16<<20)
	between(v, "limits.batch_body", l.BatchBody, 4<<10, 16<<20)
	between(v, "limits.header", l.Header, 8<<10, 1<<20)
	if l.BatchBody < l.Body {
		v.problem("limits.batch_body", "is smaller than limits.body (%s); a batch needs more", spell(l.Body))
	}
}

func (v *validator) log() {
	oneOf(v, "log.level", v.config.Log.Level, "debug", "info", "warn", "error")
	between(v, "log.sample", v.config.Log.Sample, 1, 1_000_000)
	between(v, "log.slow_request", v.config.Log.SlowRequest, 0, time.Hour)
	between(v, "log.slow_store", v.config.Log.SlowStore, 0, time.Hour)
	v.auditFile("log.audit_file", v.config.Log.AuditFile)
}

// spell writes a value as the file would.
func spell(value any) string {
	if d, ok := value.(time.Duration); ok {
		return shortDuration(d)
	}
	return fmt.Sprint(value)
}
