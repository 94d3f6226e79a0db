//go:build faults

package faults

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// handshake opens a TLS connection to a node's public listener.
func handshake(n *e2e.Node, caFile string) error {
	text, err := os.ReadFile(caFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Second}, "tcp", strings.TrimPrefix(n.URL, "http://"), &tls.Config{RootCAs: roots})
	if err != nil {
		return err
	}
	return conn.Close()
}
