package server

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"tollgate/flows/oauth"
)

// FuzzAdmin sends what an administrator, or what fills in for one, could: nothing is a fault of ours,
// no answer holds a hash, and what was registered may be relied on and is found under its name.
func FuzzAdmin(f *testing.F) {
	for _, seed := range []struct{ method, path, version, body string }{
		{"POST", "/clients", "", `{"client_id":"shop","grant_types":["client_credentials"],"scope":"a b"}`},
		{"POST", "/clients", "", `{"client_id":"app","token_endpoint_auth_method":"none","grant_types":["authorization_code"],"redirect_uris":["https://app.example/cb"],"allowed_origins":["https://app.example"]}`},
		{"POST", "/clients", "", `{"client_id":"x","secret_hash":"a","created_at":"b"}`}, // row 369
		{"PUT", "/clients/demo-web", `"1"`, `{"client_name":"W","grant_types":[],"redirect_uris":["javascript:alert(1)"]}`},
		{"GET", "/clients/..%2fkeys", "", ""}, {"GET", "/clients/*", "", ""}, {"GET", "/clients/%5ba-z%5d", "", ""}, // row 371
		{"GET", "/clients?limit=1", "", ""}, {"GET", "/clients?cursor=AAAA", "", ""}, {"GET", "/clients?limit=9999999999999999999", "", ""}, // row 372
		{"POST", "/users", "", `{"username":"bob","password":"","email":"a@b"}`}, {"GET", "/users/alice", "", ""},
		{"POST", "/users/alice/disable", "", ""}, {"POST", "/users/alice/enable", "", ""},
		{"GET", "/grants?user=alice", "", ""}, {"POST", "/grants/revoke", "", `{"client_id":"demo-web"}`}, {"DELETE", "/grants/AAAA", "", ""},
		{"POST", "/tokens/inspect", "", `{"token":"a.b.c"}`}, {"POST", "/tokens/revoke", "", `{"token":"tgr_x"}`}, {"DELETE", "/keys/x", "", ""},
	} {
		f.Add(seed.method, seed.path, seed.version, seed.body)
	}
	e := newEdge(f)
	ask := func(t *testing.T, method, path, version, body string) *answer {
		t.Helper()
		raw := method + " " + adminPrefix + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: " + adminBearer + "\r\n"
		if version != "" {
			raw += "If-Match: " + version + "\r\n"
		}
		if body != "" {
			raw += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
		}
		answers := heard(t, e.server.opsHTTP, raw+"\r\n"+body)
		if len(answers) == 0 {
			t.Fatal("no answer")
		}
		return answers[0]
	}
	f.Fuzz(func(t *testing.T, method, path, version, body string) {
		if strings.ContainsAny(method+path+version, " \r\n") || strings.HasPrefix(path, "/keys/rotate") {
			return // another request, or many keys
		}
		a := ask(t, method, path, version, body)
		if a.status >= 500 {
			t.Errorf("status %d: %s", a.status, a.body)
		}
		if a.status >= 400 {
			checkError(t, a)
		}
		if strings.Contains(a.body, `hash":`) && a.status < 300 {
			t.Errorf("a hash is in %s", a.body)
		}
		if a.status != 201 || !strings.HasPrefix(path, "/clients") {
			return
		}
		var made ClientView
		if err := json.Unmarshal([]byte(a.body), &made); err != nil {
			t.Fatal(err)
		}
		client, err := made.client()
		if err != nil || len(oauth.CheckClient(client)) > 0 {
			t.Errorf("registered %s: %v", a.body, err)
		}
		at := "/clients/" + strings.ReplaceAll(made.ID, "/", "%2F")
		if got := ask(t, "GET", at, "", ""); got.status != 200 || !strings.Contains(got.body, `"client_id":"`+made.ID+`"`) {
			t.Errorf("registered %q, found %d %s", made.ID, got.status, got.body)
		}
		if gone := ask(t, "DELETE", at, "", ""); gone.status != 204 {
			t.Errorf("registered %q, deleted %d %s", made.ID, gone.status, gone.body)
		}
	})
}
