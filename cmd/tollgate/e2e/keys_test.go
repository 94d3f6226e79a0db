package e2e

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

const checkers = 16

// OIDC Core 10.1.1: keys change without anybody noticing. Here they change by themselves every two
// seconds, and by hand in between, in each of the ways there are.
func TestKeys_RotatedWhileTokensAreCheckedFailNoVerification(t *testing.T) {
	a := StartServeOn(t, StartRedis(t),
		"TOLLGATE_KEYS__ROTATE_EVERY=2s", "TOLLGATE_KEYS__PUBLISH_AHEAD=1s", "TOLLGATE_TOKENS__SIGNING_ALG=ES256")
	nodes := []*Node{a, a.Peer()}
	apps := a.Seed(t)
	first := kids(t, nodes[0])

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group errgroup.Group
	var checked, issued atomic.Int64
	for i := range checkers {
		group.Go(func() error {
			for ctx.Err() == nil {
				tokens := nodes[i%2].ClientCredentials(apps.Service)
				if err := mismatch(tokens.Answer, 200); err != nil {
					return err
				}
				issued.Add(1)
				for j := range 20 {
					if err := mismatch(nodes[(i+j+1)%2].Validate(tokens.Access, ""), 200); err != nil {
						return err
					}
					if a := nodes[(i+j)%2].Introspect(apps.Gateway, tokens.Access); !a.Active() {
						return mismatch(a, 0)
					}
					checked.Add(2)
				}
			}
			return nil
		})
	}
	for i := range 12 {
		switch i % 4 {
		case 0:
			nodes[0].MustCLI("", "key", "rotate")
		case 1:
			nodes[1].Admin("POST", "/keys/rotate", map[string]any{"at_once": true}).Want(t, 204)
		case 2:
			nodes[0].MustCLI("", "key", "rotate", "--now")
		case 3:
			nodes[0].Admin("POST", "/keys/rotate", map[string]any{"alg": "ES256"}).Want(t, 204)
		}
		time.Sleep(700 * time.Millisecond)
	}
	cancel()
	if err := group.Wait(); err != nil {
		t.Fatalf("a good token was refused: %v", err)
	}
	later := kids(t, nodes[1])
	for kid := range later {
		if first[kid] {
			delete(later, kid)
		}
	}
	if len(later) < 6 {
		t.Errorf("%d new keys, want 6 at least: nothing was tested", len(later))
	}
	t.Logf("%d checks of %d tokens by %d callers on 2 nodes while %d keys came: no failure", checked.Load(), issued.Load(), checkers, len(later))
}

// mismatch reports an answer that is not the one wanted.
func mismatch(a Answer, status int) error {
	if a.Status == status {
		return nil
	}
	if a.Err != nil {
		return a.Err
	}
	return &PageError{a.Status, string(a.Body)}
}

func TestKeys_RevokedKeysTokensAreRefusedOnBothNodes(t *testing.T) {
	a := StartServeOn(t, StartRedis(t))
	nodes := []*Node{a, a.Peer()}
	apps := a.Seed(t)
	for _, how := range []struct {
		name   string
		revoke func(kid string)
	}{
		{"by the admin API", func(kid string) { nodes[0].Admin("POST", "/keys/"+kid+"/revoke", nil).Want(t, 204) }},
		{"by the command line", func(kid string) { nodes[0].MustCLI("", "key", "revoke", kid) }},
	} {
		t.Run(how.name, func(t *testing.T) {
			kid := activeKey(t, nodes[0], "RS256")
			tokens := NewBrowser(DemoUser, DemoPassword).Login(t, nodes[1], apps.Web)
			wantGood(t, apps, nodes, tokens.Access)

			how.revoke(kid)
			start := time.Now()
			for _, n := range nodes {
				for n.Validate(tokens.Access, "").Status != 401 {
					if time.Since(start) > 4*maxStale {
						t.Fatalf("%v still takes a token of the revoked key", n)
					}
					time.Sleep(10 * time.Millisecond)
				}
				wantRefused(t, apps, n, tokens.Access)
				t.Logf("%v refuses the key's tokens after %s", n, time.Since(start).Round(time.Millisecond))
				if jwks := n.Get("/.well-known/jwks.json").Want(t, 200); strings.Contains(string(jwks.Body), kid) {
					t.Errorf("%v still publishes the key", n)
				}
			}
			for _, n := range nodes {
				fresh := n.Refresh(apps.Web, tokens.Refresh).Want(t, 200)
				wantGood(t, apps, nodes, fresh.Access, n.ClientCredentials(apps.Service).Want(t, 200).Access)
			}
		})
	}
}

// keyItems lists the node's keys as the admin API shows them.
func keyItems(t *testing.T, n *Node) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, item := range n.Admin("GET", "/keys", nil).Want(t, 200).JSON()["items"].([]any) {
		all = append(all, item.(map[string]any))
	}
	return all
}

func kids(t *testing.T, n *Node) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, key := range keyItems(t, n) {
		all[key["kid"].(string)] = true
	}
	return all
}

func activeKey(t *testing.T, n *Node, alg string) string {
	t.Helper()
	for _, key := range keyItems(t, n) {
		if key["alg"] == alg && key["state"] == "active" {
			return key["kid"].(string)
		}
	}
	t.Fatalf("no active %s key", alg)
	return ""
}
