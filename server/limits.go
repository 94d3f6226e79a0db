package server

import (
	"tollgate/cache"
	"tollgate/flows/oauth"
)

// limited counts each request against its address. A nil limiter lets everything pass.
func limited(l *cache.Limiter, next handler) handler {
	if l == nil {
		return next
	}
	return func(r *request) error {
		if wait := l.AllowAddr(r.addr, 1, r.record.start); wait > 0 {
			r.record.limited = true
			return oauth.TooManyRequests(wait)
		}
		return next(r)
	}
}

// limitLogin counts one attempt to sign in as username from this address, and returns the error
// to answer with once there were too many. Neither a person nor a network can lock the other out.
func (r *request) limitLogin(username string) error {
	if wait := r.s.logins.AllowNameAt(username, r.addr, r.record.start); wait > 0 {
		r.record.limited = true
		return oauth.TooManyRequests(wait)
	}
	return nil
}
