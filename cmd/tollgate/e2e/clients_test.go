//go:build clients

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// onEachStore runs a test of a client against a node in memory, and against one on Redis of the
// kind that RedisKind names.
func onEachStore(t *testing.T, test func(*testing.T, *Node)) {
	if os.Getenv(RedisKind) == "" {
		t.Run("memory", func(t *testing.T) { test(t, StartDev(t)) })
	}
	t.Run("redis", func(t *testing.T) { test(t, startDevOn(t, StartRedis(t))) })
}

func startDevOn(t *testing.T, redis Redis) *Node {
	t.Helper()
	n := NewDev(t, "--redis", redis.Addr)
	n.env = redis.Env
	n.Start()
	n.AwaitReady()
	return n
}

// visit sends the browser to an address and returns the parameters that it comes back with.
func visit(t *testing.T, b *Browser, address, back string) map[string]string {
	t.Helper()
	end, err := b.Visit(address)
	if err != nil {
		t.Fatal("authorize: ", err)
	}
	if !strings.HasPrefix(end.String(), back+"?") {
		t.Fatalf("sent to %s, not to %s", end.Redacted(), back)
	}
	params := map[string]string{}
	for name, values := range end.Query() {
		if len(values) != 1 {
			t.Fatalf("%s came back %d times", name, len(values))
		}
		params[name] = values[0]
	}
	return params
}

// wantActive asks as the gateway whether tokens are good.
func wantActive(t *testing.T, n *Node, want bool, tokens ...string) {
	t.Helper()
	for i, token := range tokens {
		if got := n.Introspect(DemoGateway, token).Want(t, 200).Active(); got != want {
			t.Errorf("token %d of %d: active is %t, want %t", i+1, len(tokens), got, want)
		}
	}
}

// jwtHeader is what a JWT says of its signature.
type jwtHeader struct {
	Alg   string `json:"alg"`
	KeyID string `json:"kid"`
}

func readHeader(t *testing.T, jwt string) (h jwtHeader) {
	t.Helper()
	segment, _, _ := strings.Cut(jwt, ".")
	raw, err := base64.RawURLEncoding.DecodeString(segment)
	if err == nil {
		err = json.Unmarshal(raw, &h)
	}
	if err != nil || h.Alg == "" || h.KeyID == "" {
		t.Fatalf("a JWT's header: %s %v", raw, err)
	}
	return h
}
