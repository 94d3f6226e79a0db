package flows

import (
	"time"

	"tollgate/cache"
	"tollgate/flows/oauth"
)

// The names of all limits, in answers, logs and metrics: those of rate_limits in the configuration, of
// which one makes two.
const (
	LimitPerIP        = "per_ip"
	LimitPerClient    = "per_client"
	LimitLogin        = "login"         // of one user from one address
	LimitLoginAddress = "login_address" // of all users from one address
	LimitGuesses      = "guesses"
	LimitValidate     = "validate"
)

// LimitNames are all of them.
func LimitNames() []string {
	return []string{LimitPerIP, LimitPerClient, LimitLogin, LimitLoginAddress, LimitGuesses, LimitValidate}
}

// Limit is a rate that callers are held to, and told by its name.
type Limit struct {
	*cache.Limiter // nil where it is off
	policy         *oauth.Policy
}

// NewLimit returns a limit of a configured rate. Share, if not nil, has it kept together with the other
// nodes.
func NewLimit(name string, rate cache.Rate, now func() time.Time, share func(name string, l *cache.Limiter)) Limit {
	if rate.Off() {
		return Limit{}
	}
	l := Limit{cache.NewLimiter(rate, now), &oauth.Policy{
		Name: name, Quota: rate.Burst, Window: time.Duration(float64(rate.Burst) / rate.PerSecond * float64(time.Second)),
	}}
	if share != nil {
		share(name, l.Limiter)
	}
	return l
}

// Reached is the answer to who has to wait.
func (l *Limit) Reached(wait time.Duration) *oauth.Error {
	return oauth.TooManyRequests(l.policy, wait)
}

// holdToRate counts a request of a client that has proven who it is.
func (f *Flows) holdToRate(client *oauth.Client) error {
	if f.clients.Limiter == nil {
		return nil
	}
	if wait := f.clients.AllowName(client.ID, 1, f.cfg.Now()); wait > 0 {
		return f.clients.Reached(wait)
	}
	return nil
}
