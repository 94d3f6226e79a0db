package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tollgate/redisx/redistest"
)

// serveConfig is the configuration file of a serve node. Requests are not limited, and Redis has
// more time than in production: the machines that run tests are slow.
const serveConfig = `issuer: %s
listen: {public: "%s", ops: "%s"}
redis: {addresses: ["%s"], key_prefix: "e2e", timeout: 2s}
keys: {master_key_file: master.key}
rate_limits: {per_ip: "off", per_client: "off", login: "off", guesses: "off"}
admin: {token_file: admin.token}
`

// StartServe runs `tollgate serve` on that Redis and returns when it is ready. env are further
// settings, as TOLLGATE_TOKENS__ACCESS_TTL=1m.
func StartServe(tb testing.TB, redisAddr string, env ...string) *Node {
	tb.Helper()
	n := NewServe(tb, redisAddr, env...)
	n.Start()
	n.AwaitReady()
	return n
}

// StartServeOn is StartServe on a Redis of any kind.
func StartServeOn(tb testing.TB, redis Redis, env ...string) *Node {
	tb.Helper()
	return StartServe(tb, redis.Addr, append(slices.Clone(redis.Env), env...)...)
}

// NewServe prepares what StartServe runs.
func NewServe(tb testing.TB, redisAddr string, env ...string) *Node {
	tb.Helper()
	public, ops := redistest.FreeAddr(tb), redistest.FreeAddr(tb)
	master := make([]byte, 32)
	rand.Read(master)
	n := newServe(tb, "http://"+public, public, ops, redisAddr, env)
	n.admin = Random()
	n.write("master.key", base64.StdEncoding.EncodeToString(master)+"\n")
	n.write("admin.token", n.admin+"\n")
	return n
}

// Peer runs a second node of the same installation: same issuer, Redis, master key and settings.
func (n *Node) Peer() *Node {
	n.tb.Helper()
	peer := n.NewPeer(n.redis)
	peer.Start()
	peer.AwaitReady()
	return peer
}

// NewPeer prepares what Peer runs, with another way to the same Redis and further settings.
func (n *Node) NewPeer(redisAddr string, env ...string) *Node {
	n.tb.Helper()
	public, ops := redistest.FreeAddr(n.tb), redistest.FreeAddr(n.tb)
	peer := newServe(n.tb, n.Issuer, public, ops, redisAddr, append(slices.Clone(n.env), env...))
	peer.admin, peer.Path = n.admin, n.Path
	for _, secret := range []string{"master.key", "admin.token"} {
		content, err := os.ReadFile(filepath.Join(n.dir, secret))
		if err != nil {
			n.tb.Fatal(err)
		}
		peer.write(secret, string(content))
	}
	return peer
}

func newServe(tb testing.TB, issuer, public, ops, redisAddr string, env []string) *Node {
	tb.Helper()
	n := &Node{
		Issuer: issuer, URL: "http://" + public, Ops: "http://" + ops,
		tb: tb, dir: tb.TempDir(), env: env, redis: redisAddr,
	}
	n.write("tollgate.yaml", fmt.Sprintf(serveConfig, issuer, public, ops, redisAddr))
	n.args = []string{"serve", "--config", filepath.Join(n.dir, "tollgate.yaml")}
	tb.Cleanup(n.finish)
	return n
}

// write puts a file beside the configuration that only we may read.
func (n *Node) write(name, content string) {
	n.tb.Helper()
	if err := os.WriteFile(filepath.Join(n.dir, name), []byte(content), 0o600); err != nil {
		n.tb.Fatal(err)
	}
}

// CLI runs a command of tollgate's on the node's configuration and returns what it printed. input
// is its standard input.
func (n *Node) CLI(input string, args ...string) (string, error) {
	cmd := exec.Command(Binary(n.tb), args...)
	cmd.Dir = n.dir
	cmd.Env = append(append(cleanEnviron(), n.env...), "TOLLGATE_CONFIG="+filepath.Join(n.dir, "tollgate.yaml"))
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("tollgate %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// MustCLI is CLI that fails the test.
func (n *Node) MustCLI(input string, args ...string) string {
	n.tb.Helper()
	out, err := n.CLI(input, args...)
	if err != nil {
		n.tb.Fatal(err)
	}
	return out
}
