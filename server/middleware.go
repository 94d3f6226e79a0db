package server

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"tollgate/flows"
	"tollgate/flows/oauth"
)

// chain puts the middleware around a table of routes, in the one order there is: recovery, answers,
// strictness; then, once the route is known, its rate limit, CORS and handler. The record spans all
// of it. What not every request needs, such as the client's address, is found out when it is asked
// for.
func (s *Server) chain(routes []route) fasthttp.RequestHandler {
	return s.exchange(recovering(answering(strict(s.newRouter(routes)))))
}

// exchange is one request from its first byte to its record.
func (s *Server) exchange(h handler) fasthttp.RequestHandler {
	return func(http *fasthttp.RequestCtx) {
		r := acquireRequest(s, http)
		_ = h(r) // answered, and noted in the record
		r.finish()
		releaseRequest(r)
	}
}

// perRoute is the part of the chain that depends on the route.
func (s *Server) perRoute(row route) handler {
	h := row.handle
	if row.events {
		h = originated(h)
	}
	if row.costly {
		h = gated(s.gateOf(row.name), h)
	}
	if row.noStore {
		h = keptByNobody(h)
	}
	if row.cors != corsNone {
		h = preflighted(h)
	}
	switch row.limit {
	case limitIP:
		h = limited(s.perIP, h)
	case limitValidate:
		h = limited(s.validations, h)
	}
	return h
}

// recovering turns a panic into a 500 for this request alone; fasthttp would end the process.
func recovering(next handler) handler {
	return func(r *request) (err error) {
		defer func() {
			if p := recover(); p != nil {
				r.s.metrics.panics.Inc()
				r.s.log.Error("panic in a handler", zap.String("route", r.route.name),
					zap.String("panic", fmt.Sprint(p)), zap.ByteString("stack", debug.Stack()))
				r.http.Response.Reset()
				r.record.err = oauth.Internal(fmt.Errorf("panic: %v", p))
				r.noStore()
				failJSON(r, r.record.err) // the route's own way may be what panicked
				r.finishHeaders()
				err = r.record.err
			}
		}()
		return next(r)
	}
}

// keptByNobody marks answers that no cache may keep (RFC 6749 5.1).
func keptByNobody(next handler) handler {
	return func(r *request) error {
		r.noStore()
		return next(r)
	}
}

// originated lets the events of a request name it.
func originated(next handler) handler {
	return func(r *request) error {
		r.ctx = r.originCtx()
		return next(r)
	}
}

// originCtx is ctx for what makes events. It is memory of its own, which checks of tokens do without.
func (r *request) originCtx() context.Context {
	return flows.WithOrigin(r.ctx, flows.Origin{RequestID: string(r.id()), Addr: r.addr()})
}

// finishHeaders sets what stands on every answer, refusals included.
func (r *request) finishHeaders() {
	h := &r.http.Response.Header
	h.SetCanonical(headerContentTypeOptions, valueNoSniff)
	h.SetCanonical(headerRequestID, r.id())
	if r.route.cors != corsNone {
		r.allowOrigin()
	}
}
