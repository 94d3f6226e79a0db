package e2e

import (
	"net/url"
	"testing"
)

// What tests on serve nodes register: an installation like `tollgate dev`, with generated secrets.
var (
	serviceApp = map[string]any{"client_id": "service", "grant_types": []string{"client_credentials"}, "scope": "orders:read orders:write"}
	gatewayApp = map[string]any{"client_id": "gateway", "grant_types": []string{}, "introspect_any": true}
	webApp     = map[string]any{
		"client_id": "web", "client_name": "Web shop", "scope": allScopes,
		"grant_types":               []string{"authorization_code", "refresh_token"},
		"redirect_uris":             []string{"http://127.0.0.1:8085/callback"},
		"post_logout_redirect_uris": []string{SignedOutURI},
	}
)

// Apps are the clients of one installation.
type Apps struct{ Service, Gateway, Web App }

// Seed registers the clients and the user DemoUser through the admin API.
func (n *Node) Seed(tb testing.TB) Apps {
	tb.Helper()
	n.AddUser(tb, DemoUser, DemoPassword)
	return Apps{
		Service: n.AddApp(tb, serviceApp),
		Gateway: n.AddApp(tb, gatewayApp),
		Web:     n.AddApp(tb, webApp),
	}
}

// AddApp registers a client; the members are the admin API's.
func (n *Node) AddApp(tb testing.TB, members map[string]any) App {
	tb.Helper()
	a := n.Admin("POST", "/clients", members).Want(tb, 201)
	app := App{ID: a.Text("client_id"), Secret: a.Text("client_secret"), Scope: a.Text("scope")}
	if uris, ok := a.JSON()["redirect_uris"].([]any); ok && len(uris) > 0 {
		app.RedirectURI, _ = uris[0].(string)
	}
	return app
}

// PutClient replaces a client's registration by these members.
func (n *Node) PutClient(members map[string]any) Answer {
	path := "/clients/" + members["client_id"].(string)
	read := n.Admin("GET", path, nil)
	if read.Status != 200 {
		return read
	}
	return n.callAdmin("PUT", path, members, "If-Match", read.Header.Get("ETag"))
}

// AddUser registers a user.
func (n *Node) AddUser(tb testing.TB, username, password string) {
	tb.Helper()
	n.Admin("POST", "/users", map[string]any{"username": username, "password": password}).Want(tb, 201)
}

// Grants lists the ids of what a user has granted.
func (n *Node) Grants(tb testing.TB, username string) []string {
	tb.Helper()
	var ids []string
	for cursor := ""; ; {
		page := n.Admin("GET", "/grants?limit=1000&username="+username+cursor, nil).Want(tb, 200).JSON()
		for _, item := range page["items"].([]any) {
			ids = append(ids, item.(map[string]any)["id"].(string))
		}
		next, more := page["next"].(string)
		if !more {
			return ids
		}
		cursor = "&cursor=" + url.QueryEscape(next)
	}
}
