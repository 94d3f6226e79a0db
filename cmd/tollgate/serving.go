package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.uber.org/zap"

	"tollgate/cmd/tollgate/config"
	"tollgate/flows/keys"
	"tollgate/server"
)

// drainTime is how long a stopping process may take: orchestrators kill after ten seconds.
const drainTime = 9 * time.Second

// serving is one running server with everything below it.
type serving struct {
	*node
	config *config.Config
	server *server.Server
	probe  *probe
	public net.Listener
	ops    net.Listener

	reopens bool
}

// options are what dev and serve do differently.
type options struct {
	master     *keys.Master
	adminToken string
	drainDelay time.Duration // between /readyz turning 503 and the listeners closing
	lines      *logQueue     // behind the log
	reopens    bool          // the audit log on SIGHUP, which else ends the process
	logFirst   int           // so many routine answers of each second are logged, whatever log.sample
}

// newServing listens first, so that a taken port is the first thing to be said, and builds the rest
// behind it. Nothing is answered before serve.
func newServing(c *config.Config, log *zap.Logger, o options) (*serving, error) {
	s := &serving{config: c, reopens: o.reopens}
	var err error
	if s.public, err = listen("listen.public", c.Listen.Public); err != nil {
		return nil, err
	}
	if s.ops, err = listen("listen.ops", c.Listen.Ops); err != nil {
		return nil, err
	}
	c.FollowListener(s.public.Addr().String())
	if c.TLS.CertFile != "" {
		if s.public, err = withTLS(s.public, c.TLS); err != nil {
			return nil, err
		}
	}
	set := metrics.NewSet()
	o.lines.count(set)
	w := wiring{config: c, master: o.master, log: log, metrics: set}
	if w.audit, err = openAudit(c.Log.AuditFile, log); err != nil {
		return nil, fmt.Errorf("log.audit_file: %w; let this user write there, or correct the name", err)
	}
	if c.Store == config.StoreRedis {
		w.observe = newStoreMeter(set, log, c.Log.SlowStore).observe
	}
	if s.node, err = wire(w); err != nil {
		return nil, err
	}
	s.probe = newProbe(s.node, max(c.Validation.MaxStale, c.Validation.OnStoreLoss.AllowFor))
	s.server, err = server.New(server.Config{
		Flows:          s.flows,
		Issuer:         c.Issuer,
		TrustedProxies: prefixes(c.TrustedProxies),
		AllowedOrigins: c.CORS.AllowedOrigins,
		MaxBody:        int(c.Limits.Body),
		MaxBatchBody:   int(c.Limits.BatchBody),
		MaxHeader:      int(c.Limits.Header),
		PerIP:          c.RateLimits.PerIP.Rate,
		Login:          c.RateLimits.Login.Rate,
		Validate:       c.RateLimits.Validate.Rate,
		Share:          s.share,
		Ready:          s.probe.ready,
		AdminToken:     o.adminToken,
		Version:        thisBuild().Version,
		Log:            log,
		LogSample:      c.Log.Sample,
		LogFirst:       o.logFirst,
		SlowRequest:    c.Log.SlowRequest,
		DrainDelay:     o.drainDelay,
		Metrics:        set,
	})
	return s, err
}

// takenError says that another process listens there.
type takenError struct{ key, address string }

func (t *takenError) Error() string {
	return fmt.Sprintf("%s: %s is taken by another process; stop that one, or choose another address", t.key, t.address)
}

// listen opens one listener, and says what to do where it cannot.
func listen(key, address string) (net.Listener, error) {
	ln, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &takenError{key, address}
	case err != nil:
		return nil, fmt.Errorf("%s: cannot listen on %s: %w", key, address, err)
	}
	return ln, nil
}

func withTLS(ln net.Listener, c config.ServerTLS) (net.Listener, error) {
	pair, err := tls.LoadX509KeyPair(string(c.CertFile), string(c.KeyFile))
	if err != nil {
		return nil, fmt.Errorf("tls.cert_file: %w", err)
	}
	return tls.NewListener(ln, &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"},
	}), nil
}

func prefixes(texts []string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		if prefix, err := config.ParsePrefix(text); err == nil { // config has refused every other
			out = append(out, prefix)
		}
	}
	return out
}

// serve answers until a signal or ctx ends it, then drains. A second signal ends the process at
// once. Once everything is loaded it calls ready.
func (s *serving) serve(ctx context.Context, ready func()) error {
	background, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { s.probe.run(background) })
	group.Go(func() { s.runKeys(background, ready) })
	if s.limits != nil {
		group.Go(func() { s.limits.Run(background) })
	}
	if s.reopens && s.audit != nil {
		group.Go(func() { s.reopenAudit(background) })
	}

	served := make(chan error, 1)
	go func() { served <- s.server.Serve(s.public, s.ops) }()

	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		err = s.drain(signals, served)
	case <-signals:
		err = s.drain(signals, served)
	}
	stop()
	group.Wait()
	return errors.Join(err, s.close())
}

// reopenAudit opens the audit log anew on every SIGHUP: logrotate has moved it away.
func (s *serving) reopenAudit(ctx context.Context) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			s.audit.reopen()
		}
	}
}

// drain finishes what is in flight.
func (s *serving) drain(signals <-chan os.Signal, served <-chan error) error {
	s.log.Info("draining", zap.Duration("at_most", drainTime))
	go func() {
		<-signals
		os.Exit(exitFailed)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		s.log.Warn("some requests were cut off", zap.Error(err))
		return nil // they had their time
	}
	return <-served
}

// runKeys loads the signing keys, as soon as the store lets it, and keeps them fresh.
func (s *serving) runKeys(ctx context.Context, ready func()) {
	const retry = 250 * time.Millisecond
	for {
		err := s.keys.Load(ctx)
		if ctx.Err() != nil {
			return
		}
		if s.noteKeys(err); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(retry):
		}
	}
	ready()
	s.keys.Run(ctx)
}
