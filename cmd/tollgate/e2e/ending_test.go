package e2e

import (
	"testing"
)

// What ends a grant ends it everywhere: the node that was not asked refuses its tokens as the one
// that was.
func TestEnd_ReachesTokensOnBothNodes(t *testing.T) {
	a := StartServeOn(t, StartRedis(t))
	nodes := []*Node{a, a.Peer()}
	b, apps := nodes[1], a.Seed(t)

	t.Run("RFC 6749 4.1.2: a replayed code ends the tokens of its first use", func(t *testing.T) {
		alice := NewBrowser(DemoUser, DemoPassword)
		asked := a.Ask(apps.Web)
		code, err := alice.Code(a, apps.Web, asked)
		if err != nil {
			t.Fatal(err)
		}
		tokens := a.Exchange(apps.Web, code, asked.Verifier).Want(t, 200)
		wantGood(t, apps, nodes, tokens.Access)
		wantInvalidGrant(t, b.Exchange(apps.Web, code, asked.Verifier))
		wantDead(t, apps, nodes, tokens)
	})

	t.Run("OIDC RP-initiated logout ends the session's tokens and no others", func(t *testing.T) {
		laptop, phone := NewBrowser(DemoUser, DemoPassword), NewBrowser(DemoUser, DemoPassword)
		first, other := laptop.Login(t, a, apps.Web), phone.Login(t, b, apps.Web)
		refreshed := b.Refresh(apps.Web, first.Refresh).Want(t, 200)
		wantGood(t, apps, nodes, first.Access, refreshed.Access, other.Access)

		if err := laptop.Logout(b, first.ID); err != nil {
			t.Fatal(err)
		}
		wantDead(t, apps, nodes, first, refreshed)
		wantGood(t, apps, nodes, other.Access)
		a.Refresh(apps.Web, other.Refresh).Want(t, 200)
		wantSignedOut(t, laptop, a, apps.Web)
	})

	t.Run("RFC 7009: a revoked refresh token ends its grant", func(t *testing.T) {
		tokens := NewBrowser(DemoUser, DemoPassword).Login(t, a, apps.Web)
		b.Revoke(apps.Web, tokens.Refresh).Want(t, 200)
		wantDead(t, apps, nodes, tokens)
	})

	t.Run("RFC 7009: a revoked access token is refused", func(t *testing.T) {
		tokens := a.ClientCredentials(apps.Service).Want(t, 200)
		wantGood(t, apps, nodes, tokens.Access)
		b.Revoke(apps.Service, tokens.Access).Want(t, 200)
		for _, n := range nodes {
			wantRefused(t, apps, n, tokens.Access)
		}
	})

	people := []struct {
		name string
		end  func(t *testing.T, username string)
	}{
		{"a disabled user", func(t *testing.T, username string) { b.MustCLI("", "user", "disable", username) }},
		{"a deleted user", func(t *testing.T, username string) { b.Admin("DELETE", "/users/"+username, nil).Want(t, 204) }},
		{"a changed password", func(t *testing.T, username string) {
			b.MustCLI("another-password\n", "user", "set-password", username)
		}},
		{"all grants revoked", func(t *testing.T, username string) {
			b.MustCLI("", "grant", "revoke", "--user", username)
		}},
	}
	for i, p := range people {
		t.Run(p.name+" ends what the user granted", func(t *testing.T) {
			username := "user" + string(rune('a'+i))
			a.AddUser(t, username, DemoPassword)
			browser := NewBrowser(username, DemoPassword)
			tokens := browser.Login(t, a, apps.Web)
			asked := a.Ask(apps.Web)
			waiting, err := browser.Code(a, apps.Web, asked)
			if err != nil {
				t.Fatal(err)
			}
			wantGood(t, apps, nodes, tokens.Access)
			p.end(t, username)
			wantDead(t, apps, nodes, tokens)
			wantInvalidGrant(t, a.Exchange(apps.Web, waiting, asked.Verifier))
			wantSignedOut(t, browser, a, apps.Web)
		})
	}

	t.Run("a disabled client ends what it holds", func(t *testing.T) {
		members := map[string]any{}
		for name, value := range webApp {
			members[name] = value
		}
		members["client_id"] = "shop"
		shop := a.AddApp(t, members)
		tokens := NewBrowser(DemoUser, DemoPassword).Login(t, a, shop)
		wantGood(t, apps, nodes, tokens.Access)
		b.MustCLI("", "client", "update", "shop", "--disabled")
		for _, n := range nodes {
			wantRefused(t, apps, n, tokens.Access)
			n.Refresh(shop, tokens.Refresh).Want(t, 401)
		}
		b.MustCLI("", "client", "update", "shop", "--disabled=false")
		for _, n := range nodes {
			wantRefused(t, apps, n, tokens.Access)
			wantInvalidGrant(t, n.Refresh(shop, tokens.Refresh))
		}
	})
}
