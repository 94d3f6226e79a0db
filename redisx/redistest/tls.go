package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a private certificate authority.
type Authority struct {
	CAFile string // its certificate, PEM

	tb   testing.TB
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// NewAuthority makes one whose files end with the test.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{tb: tb, dir: tb.TempDir()}
	a.key = newKey(tb)
	template := certificate("redistest", 24*time.Hour)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	a.cert, _ = x509.ParseCertificate(der)
	a.CAFile = filepath.Join(a.dir, "ca.pem")
	writePEM(tb, a.CAFile, "CERTIFICATE", der)
	return a
}

// Issue writes a certificate for 127.0.0.1, good for servers and clients, and its key, and returns
// both files. The same name again replaces them.
func (a *Authority) Issue(name string, valid time.Duration) (certFile, keyFile string) {
	a.tb.Helper()
	key := newKey(a.tb)
	template := certificate(name, valid)
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	template.DNSNames = []string{name, "localhost"}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.tb.Fatal(err)
	}
	certFile, keyFile = filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")
	writePEM(a.tb, certFile, "CERTIFICATE", der)
	writePEM(a.tb, keyFile, "PRIVATE KEY", secret)
	return certFile, keyFile
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func certificate(name string, valid time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(valid),
	}
}

// writePEM replaces the file in one step, as a careful operator does.
func writePEM(tb testing.TB, file, kind string, der []byte) {
	tb.Helper()
	next := file + ".next"
	err := os.WriteFile(next, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	if err == nil {
		err = os.Rename(next, file)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// TLS is a server that speaks TLS only, and only to who has a certificate of its authority.
type TLS struct {
	*Server
	Authority
	CertFile, KeyFile string // a client's
}

// StartTLS runs one. args are redis-server's. It ends with the test.
func StartTLS(tb testing.TB, args ...string) *TLS {
	tb.Helper()
	t := &TLS{Authority: *NewAuthority(tb)}
	serverCert, serverKey := t.Issue("server", 24*time.Hour)
	t.CertFile, t.KeyFile = t.Issue("client", 24*time.Hour)
	pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(t.cert)
	addr := FreeAddr(tb)
	t.Server = &Server{
		Addr: addr, URL: "rediss://" + addr, tb: tb,
		tls: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, ServerName: "127.0.0.1"},
		args: append([]string{
			"--bind", "127.0.0.1", "--port", "0", "--tls-port", portOf(addr), "--dir", tb.TempDir(),
			"--save", "", "--loglevel", "warning", "--appendonly", "yes",
			"--tls-ca-cert-file", t.CAFile, "--tls-cert-file", serverCert, "--tls-key-file", serverKey, "--tls-auth-clients", "yes",
		}, args...),
	}
	t.launch()
	tb.Cleanup(t.Kill)
	return t
}

// Renew gives the server a new certificate, which new connections see.
func (t *TLS) Renew(valid time.Duration) {
	t.Server.tb.Helper()
	cert, key := t.Issue("server", valid)
	t.Text(t.Server.tb, "CONFIG", "SET", "tls-cert-file", cert, "tls-key-file", key)
}
