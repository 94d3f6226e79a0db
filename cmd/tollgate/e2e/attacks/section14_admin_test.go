//go:build attacks

package attacks

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"tollgate/cmd/tollgate/e2e"
)

var tableRow = regexp.MustCompile("(?m)^\\| ([A-Z, ]+) (`/.*?) \\|")

// adminRoutes are those that deploy/ADMIN.md lists: "GET /clients", ids filled in.
func (x *trial) adminRoutes() (all [][2]string) {
	x.Helper()
	text, err := os.ReadFile(top + "/deploy/ADMIN.md")
	if err != nil {
		x.Fatal(err)
	}
	for _, line := range tableRow.FindAllStringSubmatch(string(text), -1) {
		for _, method := range strings.Split(line[1], ", ") {
			for _, path := range strings.Split(line[2], ", ") {
				path, _, _ = strings.Cut(strings.Trim(path, "`"), "?")
				path = strings.NewReplacer("{id}", x.web.ID, "{username}", e2e.DemoUser, "{kid}", partsOf(x.token).member("kid")).Replace(path)
				all = append(all, [2]string{method, path})
			}
		}
	}
	if len(all) < 22 {
		x.Fatalf("deploy/ADMIN.md lists %d routes", len(all))
	}
	return all
}

func everyRouteIsGuarded(x *trial) {
	user, right := x.alice("").Access, x.node.AdminToken()
	for _, route := range x.adminRoutes() {
		for _, auth := range []string{"", "Bearer", "Bearer ", "Bearer x", "Bearer " + x.token, "Bearer " + user, "Bearer " + right + "x", "Bearer " + right[:len(right)-1], "Bearer  " + right,
			basic(e2e.App{ID: "admin", Secret: right}), "Basic " + right, right, "Token " + right} {
			a := x.ask(x.admin(route[0], route[1], "{}", auth))
			if a.Status != 401 || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
				x.Errorf("%v with %q is answered %d", route, auth, a.Status)
			}
			x.unkept(a)
		}
	}
	x.good(x.asAdmin("GET", "/clients/"+x.web.ID, ""))
	x.alive(x.token)
}

func massAssignment(x *trial) {
	for _, body := range []string{
		`{"client_id":"x","grant_types":[],"secret_hash":"eA=="}`, `{"client_id":"x","grant_types":[],"created_at":"2020-01-01T00:00:00Z"}`, `{"client_id":"x","grant_types":[],"version":9}`,
		`{"client_id":"x","grant_types":[],"client_secret":"chosen"}`, `{"client_id":"x","client_id":"y","grant_types":[]}`, `{"Client_ID":"x","grant_types":[]}`, `{"id":"x","client_id":"x","grant_types":[]}`,
		`{"client_id":"x","grant_types":[],"is_admin":true}`, `[]`, `null`, `{"client_id":1}`,
	} {
		x.bad(x.asAdmin("POST", "/clients", body), "invalid_request")
	}
	for _, member := range []string{`"sub":"usr_1"`, `"password_hash":"y"`, `"is_admin":true`, `"disabled":false`, `"id":"x"`, `"created_at":"2020-01-01T00:00:00Z"`} {
		x.bad(x.asAdmin("POST", "/users", `{"username":"x","password":"long enough pw",`+member+`}`), "invalid_request")
	}
	x.status(x.asAdmin("GET", "/clients/x", ""), 404)
	x.status(x.asAdmin("GET", "/users/x", ""), 404)
}

func oddIDs(x *trial) {
	for _, kind := range []string{"/clients/", "/users/", "/keys/", "/grants/"} {
		for _, id := range []string{"..%2fkeys", "..%2f..%2fclients", "*", "%2A", "[a-z]", "%5Ba-z%5D*", "{x}", "%7Bx%7D", ":", "%3A*", strings.Repeat("a", 10<<10), "%0d%0a", x.web.ID + "%20", x.web.ID + ";x", strings.ToUpper(x.web.ID), "%ff", "%25"} {
			for _, method := range []string{"GET", "DELETE"} {
				x.status(x.ask(x.admin(method, kind+id, "", "Bearer "+x.node.AdminToken())), 400, 404, 405)
			}
		}
	}
	x.good(x.asAdmin("GET", "/clients/"+x.web.ID, ""))
	x.good(x.asAdmin("GET", "/users/"+e2e.DemoUser, ""))
	x.alive(x.token)
}

func forgedCursors(x *trial) {
	a := x.asAdmin("GET", "/clients?limit=1", "")
	good := a.Text("next")
	if good == "" {
		x.Fatalf("no next piece: %s", a.Body)
	}
	x.good(x.asAdmin("GET", "/clients?limit=1&cursor="+good, ""))
	other := "A" + good[1:]
	if other == good {
		other = "B" + good[1:]
	}
	for _, cursor := range []string{"x", good + "A", good[:len(good)-2], other, strings.ToUpper(good), strings.Repeat("A", 43), "%00", x.web.ID, "0", "-1", "*", b64.EncodeToString([]byte(x.web.ID)), good[:20] + "AAAA" + good[24:]} {
		x.bad(x.asAdmin("GET", "/clients?cursor="+cursor, ""), "invalid_request")
	}
	x.bad(x.asAdmin("GET", "/users?cursor="+good, ""), "invalid_request")
	x.bad(x.asAdmin("GET", "/grants?username="+e2e.DemoUser+"&cursor="+good, ""), "invalid_request")
	for _, query := range []string{"limit=0", "limit=1001", "limit=-1", "limit=x", "foo=1", "limit=1&limit=2"} {
		x.bad(x.asAdmin("GET", "/clients?"+query, ""), "invalid_request")
	}
}

func lostUpdates(x *trial) {
	app := x.app()
	for round := range 50 {
		etag := x.node.Admin("GET", "/clients/"+app.ID, nil).Want(x.T, 200).Header.Get("ETag")
		nodes := x.nodes()
		var mu sync.Mutex
		count := map[int]int{}
		together(2, func(i int) {
			body := fmt.Sprintf(`{"client_name":"round %d by %d","grant_types":["client_credentials"],"scope":"orders:read"}`, round, i)
			a := e2e.Do(x.adminAt(nodes[i%len(nodes)].Ops, "PUT", "/clients/"+app.ID, body, "Bearer "+x.node.AdminToken(), "If-Match", etag))
			mu.Lock()
			count[a.Status]++
			mu.Unlock()
		})
		if count[200] != 1 || count[412] != 1 {
			x.Fatalf("round %d: %v", round, count)
		}
	}
	x.note("50 of 50 times one 200 and one 412")
	for _, tag := range []string{"", `"0"`, `"x"`, `1`, `*`, `"-1"`, `W/"1"`} {
		x.refused(x.asAdmin("PUT", "/clients/"+app.ID, `{"grant_types":[]}`, "If-Match", tag), 412, "precondition_failed")
	}
}

func deleteActiveKey(x *trial) {
	a := x.asAdmin("DELETE", "/keys/"+partsOf(x.token).member("kid"), "")
	x.refused(a, 409, "conflict")
	x.status(x.asAdmin("DELETE", "/keys/"+e2e.Random(), ""), 404)
	x.alive(x.token)
}

func oldAdminToken(x *trial) {
	x.moveOut()
	file := filepath.Join(x.node.Dir(), "admin.token")
	old, next := x.node.AdminToken(), e2e.Random()
	replace := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			x.Fatal(err)
		}
	}
	replace(next)
	x.restarted()
	x.status(x.ask(x.admin("GET", "/clients", "", "Bearer "+old)), 401)
	x.good(x.ask(x.admin("GET", "/clients", "", "Bearer "+next)))
	replace(old)
	x.restart()
}

func adminOnPublic(x *trial) {
	for _, route := range x.adminRoutes() {
		x.refused(x.ask(x.adminAt(x.node.URL, route[0], route[1], "{}", "Bearer "+x.node.AdminToken())), 404, "not_found")
	}
	for _, path := range []string{"/metrics", "/healthz", "/debug/pprof/", "/debug/pprof/heap", "/admin", "/admin/v1/"} {
		x.status(x.get(path, "Authorization", "Bearer "+x.node.AdminToken()), 404)
	}
}
