package server

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// request is one HTTP exchange on its way through the chain. It is pooled: nothing may keep it, or
// bytes out of it, beyond the handler.
type request struct {
	s *Server
	// http dies with the handler, and so does every byte slice out of it: clone what must live.
	http *fasthttp.RequestCtx
	// ctx is for flows. It has a deadline and outlives the request, so that storage never works
	// with a context that was recycled; it is not http, which ends where a drain begins.
	ctx   context.Context
	route *route
	head  head // what the strict pass saw in the header block

	// For life, whichever exchange it is: the lane of the meters, and the ids that are made.
	lane   int
	number requestNumber

	client struct { // see addr
		addr  netip.Addr
		known bool
	}

	record record
	// outcome is what the routed handler returned; it crosses the router, which knows no errors.
	outcome error

	cors struct { // of the page that calls, see cors.go
		origins []string // of the client that the request is about; shared, read only
		asks    bool     // its preflight is answered with yes
	}

	params form   // of the query or the body, whichever was parsed last
	buf    []byte // scratch
	words  []byte // what was decoded; strings may alias it until Reset
}

// handler answers a request, or returns the error to answer with. Errors that carry no
// oauth.Error are answered as server_error.
type handler func(*request) error

var requests = sync.Pool{New: func() any {
	r := &request{lane: nextLane()}
	r.number.randomize()
	return r
}}

func acquireRequest(s *Server, http *fasthttp.RequestCtx) *request {
	r := requests.Get().(*request)
	r.s = s
	r.http = http
	r.route = &s.unmatched
	r.record.start = s.clock.passed()
	r.ctx = s.deadlines.at(r.record.start)
	return r
}

// started is when the request came, as a date.
func (r *request) started() time.Time { return r.s.clock.date(r.record.start) }

func releaseRequest(r *request) {
	r.Reset()
	requests.Put(r)
}

// Reset forgets everything but the memory.
func (r *request) Reset() {
	r.s, r.http, r.ctx, r.route, r.outcome = nil, nil, nil, nil, nil
	r.client.addr, r.client.known = netip.Addr{}, false
	r.head = head{}
	r.cors.origins, r.cors.asks = nil, false
	r.record.Reset()
	r.params.Reset()
	r.buf = r.buf[:0]
	clear(r.words)
	r.words = r.words[:0]
}

// header returns the first value of a request header, for as long as the handler runs.
func (r *request) header(name string) []byte { return r.http.Request.Header.Peek(name) }

// setHeader sets a header of the answer.
func (r *request) setHeader(name, value string) { r.http.Response.Header.Set(name, value) }

// noStore forbids everybody to keep the answer (RFC 6749 5.1).
func (r *request) noStore() {
	h := &r.http.Response.Header
	h.SetCanonical(headerCacheControl, valueNoStore)
	h.SetCanonical(headerPragma, valueNoCache)
}

// body returns the answer's empty body to append to; hand it back to send.
func (r *request) body() []byte { return r.http.Response.SwapBody(nil)[:0] }

// send answers with a body that began with body().
func (r *request) send(status int, contentType string, body []byte) {
	r.http.Response.SetStatusCode(status)
	r.http.Response.Header.SetContentType(contentType)
	r.http.Response.SwapBody(body)
}

// sendJSON answers with a JSON body that began with body().
func (r *request) sendJSON(status int, body []byte) { r.send(status, "application/json", body) }
