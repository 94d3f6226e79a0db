package server

import (
	"strconv"
	"time"

	"tollgate/cache"
	"tollgate/flows"
	"tollgate/flows/oauth"
)

// limited counts each request against its address. A limit that is off lets everything pass.
func limited(l flows.Limit, next handler) handler {
	if l.Limiter == nil {
		return next
	}
	return func(r *request) error {
		if wait := l.AllowAddr(r.addr(), 1, r.started()); wait > 0 {
			return r.tooMany(&l, wait)
		}
		return next(r)
	}
}

// tooMany turns the request away. The error lives in the record, so that refusing a flood costs no
// memory.
func (r *request) tooMany(l *flows.Limit, wait time.Duration) error {
	r.record.refusal = *l.Reached(wait)
	return &r.record.refusal
}

// usersPerAddr is how many people's attempts to sign in one address may make. An office shares one;
// whoever goes through a list of users or passwords comes from one, too, and each attempt costs a
// slow hash that others wait for.
const usersPerAddr = 10

func times(rate cache.Rate, n int) cache.Rate {
	return cache.Rate{PerSecond: rate.PerSecond * float64(n), Burst: rate.Burst * n}
}

// limitLogin counts one attempt to sign in as username from this address, and returns the error
// to answer with once there were too many. Nobody can lock a person out from another address.
func (r *request) limitLogin(username string) error {
	if wait := r.s.loginAddrs.AllowAddr(r.addr(), 1, r.started()); wait > 0 {
		return r.lockedOut(&r.s.loginAddrs, "", wait)
	}
	if wait := r.s.logins.AllowNameAt(username, r.addr(), r.started()); wait > 0 {
		return r.lockedOut(&r.s.logins, username, wait)
	}
	return nil
}

// lockedOut refuses an attempt, and makes one event of many; of an address that tries many names,
// one for the address.
func (r *request) lockedOut(l *flows.Limit, username string, wait time.Duration) error {
	if r.s.lockouts.AllowNameAt(username, r.addr(), r.started()) == 0 {
		r.s.flows.LoginLocked(r.ctx, username)
	}
	return r.tooMany(l, wait)
}

// lockoutRate is how often one user and address may become a lock-out event: once in the time in
// which the whole allowance of attempts fills up again, a day at most, however many attempts there
// are.
func lockoutRate(logins cache.Rate) cache.Rate {
	const daily = 1.0 / (24 * 60 * 60)
	if logins.Off() {
		return cache.Rate{}
	}
	return cache.Rate{PerSecond: max(logins.PerSecond/float64(max(logins.Burst, 1)), daily), Burst: 1}
}

// rateLimit tells who has to wait which limit was reached and when there is some of it again
// (draft-ietf-httpapi-ratelimit-headers 3 and 4). Others are told nothing: it would have to be worked out for
// every request.
func (r *request) rateLimit(p *oauth.Policy, wait time.Duration) {
	h := &r.http.Response.Header
	r.buf = appendSeconds(append(strconv.AppendInt(append(appendName(r.buf[:0], p), ";q="...), int64(p.Quota), 10), ";w="...), p.Window)
	h.SetCanonical(headerRateLimitPolicy, r.buf)
	r.buf = appendSeconds(append(appendName(r.buf[:0], p), ";r=0;t="...), wait)
	h.SetCanonical(headerRateLimit, r.buf)
}

// appendName appends the name of a policy as a string of RFC 9651 3.3.3; it needs no escapes.
func appendName(dst []byte, p *oauth.Policy) []byte {
	return append(append(append(dst, '"'), p.Name...), '"')
}

// appendSeconds appends whole seconds, rounded up.
func appendSeconds(dst []byte, d time.Duration) []byte {
	return strconv.AppendInt(dst, int64((d+time.Second-1)/time.Second), 10)
}
