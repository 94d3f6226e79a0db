//go:build attacks

package attacks

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// spreadTime is how soon what one node ends must be ended on every other.
const spreadTime = 250 * time.Millisecond

// leeway is how long an expired token is still taken: clocks differ.
const leeway = 5 * time.Second

const personPassword = "a horse and a battery"

// person registers a user whom a row may disable.
func (x *trial) person() string {
	x.Helper()
	name := strings.ToLower("person-" + e2e.Random()[:12])
	x.node.Admin("POST", "/users", map[string]any{
		"username": name, "password": personPassword, "email": name + "@example.com", "email_verified": true, "name": "A Person",
	}).Want(x.T, 201)
	return name
}

// login signs somebody in at the web app; without a scope it asks for all there are.
func (x *trial) login(username, password, scope string) e2e.Tokens {
	x.Helper()
	if scope == "" {
		scope = x.web.Scope
	}
	return e2e.NewBrowser(username, password).Login(x.T, x.node, x.web, "scope", scope)
}

// alice signs the user of every installation in.
func (x *trial) alice(scope string) e2e.Tokens {
	x.Helper()
	return x.login(e2e.DemoUser, e2e.DemoPassword, scope)
}

// app registers a client that gets tokens for itself; pairs are further members, or other values.
func (x *trial) app(pairs ...any) e2e.App {
	x.Helper()
	members := map[string]any{"client_id": "app-" + e2e.Random()[:12], "grant_types": []string{"client_credentials"}, "scope": "orders:read"}
	for i := 0; i < len(pairs); i += 2 {
		members[pairs[i].(string)] = pairs[i+1]
	}
	return x.node.AddApp(x.T, members)
}

// tokenOf is an access token of a client's own.
func (x *trial) tokenOf(app e2e.App) string {
	x.Helper()
	return x.node.ClientCredentials(app).Want(x.T, 200).Access
}

// ended wants a token to be refused by every node: by the one that was told, at once.
func (x *trial) ended(token string) {
	x.Helper()
	for i, n := range x.nodes() {
		start := time.Now()
		for {
			a := n.Introspect(x.gateway, token)
			if !a.Active() && (n.Validate(token, "").Status == 401 || strings.HasPrefix(token, "tgr_")) {
				x.inactive(x.saw(a))
				break
			}
			if i == 0 || time.Since(start) > spreadTime {
				x.Errorf("%s still takes the token after %s", n, time.Since(start))
				break
			}
		}
	}
}

// alive wants a token to be good on every node.
func (x *trial) alive(token string) {
	x.Helper()
	for _, n := range x.nodes() {
		if a := x.saw(n.Introspect(x.gateway, token)); !a.Active() {
			x.Errorf("%s no longer takes a good token: %d %s", n, a.Status, a.Body)
		}
	}
}

// claimsOf reads what a token says.
func claimsOf(token string) map[string]any {
	var claims map[string]any
	if parts := strings.Split(token, "."); len(parts) == 3 {
		raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
		json.Unmarshal(raw, &claims)
	}
	return claims
}

// fastest is the least time that one of five takes: what a machine that does other things, too, can tell.
func fastest(f func()) time.Duration {
	best := time.Hour
	for range 5 {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	return best
}

// together runs f for 0 to n-1 at the same time.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	all.Wait()
}
