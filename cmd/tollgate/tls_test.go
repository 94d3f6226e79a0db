package main

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
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

// certificate writes a self-signed certificate for this machine and its key.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tollgate test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	os.WriteFile(certFile, certPEM, 0o600)
	os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600)
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return certFile, keyFile, pool
}

func TestServe_OverTLS(t *testing.T) {
	cert, key, pool := certificate(t)
	p := start(t, []string{
		"TOLLGATE_ISSUER=https://auth.example.com", "TOLLGATE_STORE=memory",
		"TOLLGATE_LISTEN__PUBLIC=127.0.0.1:0", "TOLLGATE_LISTEN__OPS=127.0.0.1:0",
		"TOLLGATE_TLS__CERT_FILE=" + cert, "TOLLGATE_TLS__KEY_FILE=" + key,
	}, "serve")
	address := p.await(`"msg":"serving".*"public":"([^"]+)"`)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	eventually(t, 10*time.Second, func() error {
		response, err := client.Get("https://" + address + "/.well-known/openid-configuration")
		if err == nil {
			response.Body.Close()
		}
		return err
	})
	if got := status("http://" + address + "/livez"); got == http.StatusOK {
		t.Error("plain HTTP is answered on the TLS port")
	}
}

func TestServe_RedisOverTLSWithPassword(t *testing.T) {
	cert, key, _ := certificate(t)
	secure := redistest.FreeAddr(t)
	_, port, err := net.SplitHostPort(secure)
	if err != nil {
		t.Fatal(err)
	}
	redistest.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert,
		"--tls-auth-clients", "yes", "--user", "app", "on", ">redis-password-of-app", "~*", "&*", "+@all")
	in := install(t, secure)
	in.write(t, "redis.password", "redis-password-of-app\n")
	in.env = append(in.env, "TOLLGATE_REDIS__TLS__ENABLED=true", "TOLLGATE_REDIS__TLS__CA_FILE="+cert,
		"TOLLGATE_REDIS__TLS__CERT_FILE="+cert, "TOLLGATE_REDIS__TLS__KEY_FILE="+key,
		"TOLLGATE_REDIS__USERNAME=app", "TOLLGATE_REDIS__PASSWORD_FILE="+filepath.Join(in.dir, "redis.password"))
	_, public, _ := startServe(t, in)
	awaitStatus(t, public+"/readyz", 200)
}
