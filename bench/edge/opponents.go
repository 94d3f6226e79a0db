//go:build linux

package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// startHAProxy checks signature, algorithm and expiry, as HAProxy's own tutorial does, and answers 200.
func (p *processes) startHAProxy(n *node) (*server, error) {
	if _, err := exec.LookPath("haproxy"); err != nil {
		return nil, errors.New("haproxy is not installed")
	}
	key, err := n.publicKey()
	if err != nil {
		return nil, err
	}
	address, pub := freeAddress(), p.file("public.pem", key)
	config := p.file("haproxy.cfg", fmt.Appendf(nil, `
global
  nbthread 1
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend edge
  bind %s
  http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request deny deny_status 401 unless { var(txn.alg) -m str RS256 }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify(txn.alg,"%s") -m int 1 }
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
  http-request return status 200
`, address, pub))
	return p.serve(serverCore, "haproxy", address, "haproxy", "-db", "-f", config)
}

// publicKey is the node's RSA key as PEM.
func (n *node) publicKey() ([]byte, error) {
	resp, err := http.Get(n.url("/.well-known/jwks.json"))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []struct{ Kty, N string }
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	for _, key := range set.Keys {
		if key.Kty != "RSA" {
			continue
		}
		modulus, err := base64.RawURLEncoding.DecodeString(key.N)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537})
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
	}
	return nil, errors.New("there is no RSA key in the key set")
}

// startNginx answers 204 to everybody.
func (p *processes) startNginx() (*server, error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			return nil, errors.New("nginx is not installed")
		}
	}
	address := freeAddress()
	config := p.file("nginx.conf", fmt.Appendf(nil, `
daemon off; master_process off; worker_processes 1; pid %[1]s/nginx.pid; error_log stderr;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server { listen %[2]s; location / { return 204; } }
}
`, p.dir, address))
	return p.serve(serverCore, "nginx", address, program, "-p", p.dir, "-c", config, "-e", "stderr")
}

// startOIDCProvider serves node-oidc-provider with its store in memory.
func (p *processes) startOIDCProvider() (*server, error) {
	folder := filepath.Join("bench", "edge", "oidc-provider")
	install := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--silent")
	install.Dir, install.Stderr = folder, os.Stderr
	if err := install.Run(); err != nil {
		return nil, fmt.Errorf("npm ci in %s: %w", folder, err)
	}
	address := freeAddress()
	return p.serve(serverCore, "oidc-provider", address, "env", "NODE_ENV=production", "node", filepath.Join(folder, "server.mjs"), portOf(address))
}

// startFosite builds and serves the fosite server beside this program.
func (p *processes) startFosite() (*server, error) {
	binary := filepath.Join(p.dir, "fosite")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir, build.Stderr = filepath.Join("bench", "edge", "fosite"), os.Stderr
	build.Env = append(os.Environ(), "GOWORK=off")
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build the fosite server: %w", err)
	}
	address := freeAddress()
	return p.serve(serverCore, "fosite-server", address, binary, address)
}

func (p *processes) startRedis() (*server, error) {
	address := freeAddress()
	return p.serve(loadCore, "redis", address, "redis-server", "--bind", "127.0.0.1", "--port", portOf(address),
		"--dir", p.dir, "--save", "", "--appendonly", "no")
}
