package redisx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
)

type tlsConfig = tls.Config

// TLS is how connections are protected. The files are read again for every new connection, so
// that certificates can be renewed while we run.
type TLS struct {
	CAFile     string // PEM; "": the system's authorities
	CertFile   string // PEM, ours, with KeyFile; "": none
	KeyFile    string
	ServerName string // "": the address's host
}

func (t *TLS) load() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		text, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("authorities: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("authorities: %s holds no PEM certificate", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

func dialTLS(ctx context.Context, by *net.Dialer, address string, c *tls.Config) (net.Conn, error) {
	return (&tls.Dialer{NetDialer: by, Config: c}).DialContext(ctx, "tcp", address)
}
