package e2e

import (
	"slices"
	"testing"
)

// Everything that counts rests in Redis: a node that starts again is the node that ended.
func TestRestart_KeepsSessionsGrantsKeysAndClients(t *testing.T) {
	for _, ending := range []struct {
		name string
		end  func(*Node)
	}{
		{"after SIGTERM", func(n *Node) { n.Stop() }},
		{"after SIGKILL", (*Node).Kill},
	} {
		t.Run(ending.name, func(t *testing.T) {
			n := StartServeOn(t, StartRedis(t))
			apps := n.Seed(t)
			alice := NewBrowser(DemoUser, DemoPassword)
			tokens := alice.Login(t, n, apps.Web)
			revoked := alice.Login(t, n, apps.Web)
			n.Revoke(apps.Web, revoked.Access).Want(t, 200)
			n.Admin("POST", "/keys/rotate", map[string]any{}).Want(t, 204)
			before := public(t, n)
			grants, forms := n.Grants(t, DemoUser), alice.Forms

			ending.end(n)
			n.Restart()

			for path, body := range public(t, n) {
				if body != before[path] {
					t.Errorf("%s changed:\n%s\n%s", path, before[path], body)
				}
			}
			if again := n.Grants(t, DemoUser); !slices.Equal(again, grants) {
				t.Errorf("grants are %v, want %v", again, grants)
			}
			alice.Login(t, n, apps.Web)
			if alice.Forms != forms {
				t.Errorf("alice was asked again")
			}
			wantGood(t, apps, []*Node{n}, tokens.Access)
			wantRefused(t, apps, n, revoked.Access)
			n.Refresh(apps.Web, tokens.Refresh).Want(t, 200)
			n.ClientCredentials(apps.Service).Want(t, 200)
		})
	}
}

// public returns what a node says of itself and its clients, by path.
func public(t *testing.T, n *Node) map[string]string {
	t.Helper()
	said := map[string]string{
		"clients": string(n.Admin("GET", "/clients", nil).Want(t, 200).Body),
		"users":   string(n.Admin("GET", "/users", nil).Want(t, 200).Body),
		"keys":    string(n.Admin("GET", "/keys", nil).Want(t, 200).Body),
	}
	for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		said[path] = string(n.Get(path).Want(t, 200).Body)
	}
	return said
}
