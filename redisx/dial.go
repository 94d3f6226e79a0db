package redisx

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/redis/rueidis"
)

// dialer opens connections: with the certificates and the password that the files hold now.
type dialer struct {
	cfg      *Config
	dials    atomic.Int64 // connections that were opened
	opening  atomic.Int64 // connections being opened, until Redis has said its first word
	tls      atomic.Pointer[tlsConfig]
	password atomic.Pointer[string]
	last     atomic.Pointer[error] // why Sentinels or a cluster could not be opened
}

// newDialer says an error if the files cannot be used now; later the last good ones serve on.
func newDialer(cfg *Config) (*dialer, error) {
	d := &dialer{cfg: cfg}
	d.password.Store(&cfg.Password)
	if cfg.TLS != nil {
		if err := d.loadTLS(); err != nil {
			return nil, fmt.Errorf("redisx: tls: %w", err)
		}
	}
	return d, nil
}

func (d *dialer) loadTLS() error {
	fresh, err := d.cfg.TLS.load()
	if err == nil {
		d.tls.Store(fresh)
	}
	return err
}

func (d *dialer) credentials(rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
	if d.cfg.PasswordFrom != nil {
		if fresh, err := d.cfg.PasswordFrom(); err == nil {
			d.password.Store(&fresh)
		}
	}
	return rueidis.AuthCredentials{Username: d.cfg.Username, Password: *d.password.Load()}, nil
}

// dial is rueidis' DialCtxFn.
func (d *dialer) dial(ctx context.Context, address string, by *net.Dialer, _ *tlsConfig) (net.Conn, error) {
	d.opening.Add(1)
	opened := sync.OnceFunc(func() { d.opening.Add(-1) })
	conn, err := d.connect(ctx, address, by)
	if err != nil {
		opened()
		d.failed(err)
		return nil, err
	}
	d.dials.Add(1)
	return &connection{Conn: conn, opened: opened}, nil
}

func (d *dialer) connect(ctx context.Context, address string, by *net.Dialer) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, by.Timeout) // the handshake included
	defer cancel()
	if d.cfg.TLS == nil {
		return by.DialContext(ctx, "tcp", address)
	}
	_ = d.loadTLS() // where a file is being replaced, the old one serves once more
	return dialTLS(ctx, by, address, d.tls.Load())
}

// failed keeps why no connection came about, for those who find none.
func (d *dialer) failed(err error) { d.last.Store(&err) }

// why returns the last failure.
func (d *dialer) why() error {
	if err := d.last.Load(); err != nil {
		return *err
	}
	return errOpening
}

// connection is a net.Conn that notices Redis' first word, which ends the opening.
type connection struct {
	net.Conn
	opened func()
	heard  atomic.Bool
}

// Read implements net.Conn.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.heard.Load() {
		c.heard.Store(true)
		c.opened()
	}
	return n, err
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.opened()
	return c.Conn.Close()
}
