package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"tollgate/flows/oauth"
)

const (
	maxPerConn    = 100_000         // requests, so that load spreads over new nodes
	drainDeadline = 8 * time.Second // fasthttp takes up to 6 for connections that never spoke
)

// Serve answers on both listeners until Shutdown, or until one of them fails. It takes them over.
func (s *Server) Serve(public, ops net.Listener) error {
	if !s.listeners.take(public, ops) {
		return nil
	}
	w := newWatch()
	go w.run(s.base)
	ended := make(chan error, 2)
	go func() { ended <- s.publicHTTP.Serve(watched{public, w}) }()
	go func() { ended <- s.opsHTTP.Serve(watched{ops, w}) }()
	for range cap(ended) {
		err := <-ended
		if err == nil && !s.draining.Load() {
			err = errListenerGone
		}
		if err != nil {
			return err // half a server is none: whoever supervises it should know
		}
	}
	return nil
}

// listeners are what is served. A Shutdown may come before fasthttp knows of them, which then would end
// nothing, and serving would go on.
type listeners struct {
	mu    sync.Mutex
	taken []net.Listener
	ended bool
}

// take reports whether they are to be served, or else closes them.
func (l *listeners) take(all ...net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = all
	if l.ended {
		l.closeAll()
	}
	return !l.ended
}

// end closes what there is and what comes.
func (l *listeners) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.closeAll()
}

func (l *listeners) closeAll() {
	for _, ln := range l.taken {
		_ = ln.Close() // most are closed already
	}
}

// watched is a listener whose connections end in time. It waits out what passes, such as a process
// that has no file descriptors left: fasthttp would give up and end the server.
type watched struct {
	net.Listener
	watch *watch
}

const acceptPause = 20 * time.Millisecond

func (l watched) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		switch {
		case err == nil:
			timed := l.watch.add(conn)
			if secure, ok := conn.(*tls.Conn); ok {
				return &timedTLS{timed, secure}, nil
			}
			return timed, nil
		case !passes(err):
			return nil, err
		}
		time.Sleep(acceptPause)
	}
}

// passes reports whether an error of accept(2) is about this moment or this connection alone.
func passes(err error) bool {
	for _, temporary := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, temporary) {
			return true
		}
	}
	return false
}

var errListenerGone = errors.New("a listener was closed")

// Shutdown drains: /readyz says so at once, the listeners stay open for the drain delay so that
// every balancer has noticed, then what is in flight is finished. It returns an error if that took
// too long; what still runs then is cut off when the process exits.
func (s *Server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	select {
	case <-time.After(s.cfg.DrainDelay):
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(ctx, drainDeadline)
	defer cancel()
	defer s.stop()
	defer s.listeners.end()
	err := s.publicHTTP.ShutdownWithContext(ctx)
	return errors.Join(err, s.opsHTTP.ShutdownWithContext(ctx)) // last, so that probes see the drain
}

// newHTTP configures fasthttp; its defaults have no timeouts and answer in its own words.
func (s *Server) newHTTP(handler fasthttp.RequestHandler) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      handler,
		ErrorHandler:                 s.unreadable,
		HeaderReceived:               s.headReceived,
		ExpectHandler:                s.expect,
		ReadBufferSize:               s.cfg.MaxHeader,
		MaxRequestBodySize:           s.cfg.MaxBody,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxRequestsPerConn:           maxPerConn,
		CloseOnShutdown:              true,
		LazyRequestTime:              true,
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		SecureErrorLogMessage:        true,
		Logger:                       silence{s.metrics},
	}
}

// silence counts what fasthttp would log. Its words may quote the request, Authorization included,
// even with SecureErrorLogMessage.
type silence struct{ metrics *meters }

func (l silence) Printf(string, ...any) { l.metrics.dropped.Inc() }

// unreadable answers what fasthttp could not read. fasthttp closes the connection after it.
func (s *Server) unreadable(http *fasthttp.RequestCtx, err error) {
	if c := timed(http); c != nil && c.ended != nil {
		err = c.ended
	}
	http.Response.Reset()
	s.refuse(http, readError(err))
}

// refuse answers a request that never gets to the chain, in our own words and with a line in the
// log like every other.
func (s *Server) refuse(http *fasthttp.RequestCtx, e *oauth.Error) {
	s.exchange(recovering(answering(func(*request) error { return e })))(http)
}

// readError finds the answer for what went wrong. The error's own words quote the request, so they
// go nowhere.
func readError(err error) *oauth.Error {
	var tooBig *fasthttp.ErrSmallBuffer
	var network net.Error
	switch {
	case errors.As(err, &tooBig):
		return oauth.NewError(oauth.CodeHeadersTooLarge, "the headers are too large")
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return errTooLarge
	case errors.As(err, &network) && network.Timeout():
		return oauth.NewError(oauth.CodeTimeout, "the request took too long")
	}
	return oauth.InvalidRequest("the request is not well-formed HTTP")
}
