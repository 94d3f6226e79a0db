package server

import (
	"unsafe"

	"github.com/valyala/fasthttp"

	"tollgate/flows/oauth"
)

const (
	batchPath = "/introspect/batch"
	// maxChunked is how many bytes a body in chunks may have, however many others may. With the line's end
	// behind the last chunk it is a power of two, to which fasthttp rounds up what it sets aside.
	maxChunked = 64<<10 - len("\r\n")
)

// headReceived says how large the body of this request may be. Where it is a long one that may come, it
// comes first: fasthttp sets aside what is announced, all of it, for ten thousand clients who send nothing.
func (s *Server) headReceived(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	limit := s.maxBody(h)
	http := contextOf(h)
	if n := h.ContentLength(); n > s.cfg.MaxHeader && n <= limit && !http.Request.MayContinue() {
		// As much as it takes of headers, fasthttp may have read of the body with them.
		if c := timed(http); c != nil && c.readAhead(n-s.cfg.MaxHeader) != nil {
			limit = 1 // nothing is set aside for what does not come; unreadable says why
		}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: limit}
}

// maxBody is small for a body that comes in chunks: fasthttp sets aside what each of them announces.
func (s *Server) maxBody(h *fasthttp.RequestHeader) int {
	switch {
	case h.ContentLength() < 0:
		return min(s.cfg.MaxBody, maxChunked)
	case string(h.RequestURI()) == batchPath:
		return s.cfg.MaxBatchBody
	}
	return s.cfg.MaxBody
}

// expect refuses a body that is announced as too large before it is sent (RFC 9110 10.1.1), and one that
// would have to be read ahead: who asked for it is not answered yet then. What is written here is the
// answer: fasthttp only sets its status again.
func (s *Server) expect(http *fasthttp.RequestCtx) int {
	refusal := errTooLarge
	switch n := http.Request.Header.ContentLength(); {
	case n > s.maxBody(&http.Request.Header):
	case n > s.cfg.MaxHeader:
		refusal = errExpectation
	default:
		return fasthttp.StatusContinue
	}
	s.refuse(http, refusal)
	return refusal.Status()
}

var (
	errTooLarge    = oauth.NewError(oauth.CodeTooLarge, "the body is too large")
	errExpectation = oauth.NewError(oauth.CodeExpectation, "a body of this size is taken without Expect")
)

// contextOf is the context whose request has these headers.
func contextOf(h *fasthttp.RequestHeader) *fasthttp.RequestCtx {
	const offset = unsafe.Offsetof((*fasthttp.RequestCtx)(nil).Request) + unsafe.Offsetof((*fasthttp.Request)(nil).Header)
	return (*fasthttp.RequestCtx)(unsafe.Add(unsafe.Pointer(h), -int(offset)))
}

// timed is the connection of a request; nil where it is not one of ours.
func timed(http *fasthttp.RequestCtx) *timedConn {
	switch c := http.Conn().(type) {
	case *timedConn:
		return c
	case *timedTLS:
		return c.timedConn
	}
	return nil
}
