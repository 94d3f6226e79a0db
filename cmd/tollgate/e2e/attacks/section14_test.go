//go:build attacks

package attacks

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

var adminRows = []*row{
	{id: 367, sent: "every route with no token, a service's, a user's, a longer, a shorter, an empty one, Basic", want: "401", try: everyRouteIsGuarded},
	{id: 368, sent: "ids of another tenant", want: "404 or 403", waits: "tenants"},
	{id: 369, sent: "`secret_hash`, `created_at`, `version`, `sub`, `is_admin` of the caller's choice", want: "400", try: massAssignment},
	{id: 371, sent: "ids: `..%2fkeys`, `*`, `[a-z]`, `{x}`, `:`, 10 KB", want: "404 or 400; nothing is deleted", try: oddIDs},
	{id: 372, sent: "cursors made up, changed, of another listing", want: "400", try: forgedCursors},
	{id: 373, sent: "two admins who change one client at once, 50 times", want: "one 200, one 412", try: lostUpdates},
	{id: 374, sent: "the deletion of the active key", want: "409", try: deleteActiveKey},
	{id: 376, sent: "the old admin token after it was replaced", want: "401", try: oldAdminToken},
	{id: 377, sent: "every admin route on the public listener, with the right token", want: "404", try: adminOnPublic},
	{id: 378, sent: "20,000 random paths, methods, hosts, agents, client ids, grants, errors", want: "no new series; 2,000 at most", try: seriesFlood},
	{id: 379, sent: "a look at /metrics", want: "no client, user or token; not on the public listener", try: metricsContent},
	{id: 381, sent: "/livez and /readyz while Redis is dead", want: "200; 503 within 2 s", try: healthInOutage, notInMemory: "nothing there can be dead; `TestHealth_LiveIsNotReady`"},
	{id: 382, sent: "names and client ids that run together: `a.b` and `c`, `a` and `b:c`", want: "no collision; no colon in a name", try: idPairs},
	{id: 383, sent: "ids with `{tag}`", want: "they choose no slot", try: hashTags},
	{id: 384, sent: "ids with line breaks, spaces, NUL, of 1 MB", want: "400, 404 or 413", try: binaryIDs},
	{id: 386, sent: "forged messages on the channels of Redis", want: "nothing is granted, nothing comes back", try: forgedMessages, notInMemory: "there is no Redis"},
	{id: 387, sent: "a look at Redis' keys, values, traffic, slow log and files after everything was used", want: "no token, code, cookie, secret or password", try: secretsInRedis, notInMemory: "there is no Redis"},
	{id: 388, sent: "a look at every key's TTL", want: "only what is registered stays", try: keysExpire, notInMemory: "there is no Redis"},
	{id: 389, sent: "the Redis user of deploy/redis.acl", want: "may serve; may not FLUSHALL, KEYS, CONFIG SET, DEBUG, MIGRATE …", try: leastPrivilege, notInMemory: "there is no Redis"},
	{id: 391, sent: "over 60 canary secrets through every entrance", want: "in no log, answer, metric, stack or key", try: canariesEverywhere},
	{id: 392, sent: "SIGQUIT while requests with secrets are in flight", want: "no byte of them in what is written", try: stackDump},
}

// admin is a request to the admin API.
func (x *trial) admin(method, path, body, auth string, headers ...string) *http.Request {
	x.Helper()
	return x.adminAt(x.node.Ops, method, path, body, auth, headers...)
}

func (x *trial) adminAt(address, method, path, body, auth string, headers ...string) *http.Request {
	x.Helper()
	r, err := http.NewRequest(method, address+"/admin/v1"+path, strings.NewReader(body))
	if err != nil {
		x.Fatal(err)
	}
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// asAdmin asks with the right token.
func (x *trial) asAdmin(method, path, body string, headers ...string) answer {
	x.Helper()
	a := x.ask(x.admin(method, path, body, "Bearer "+x.node.AdminToken(), headers...))
	x.unkept(a)
	return a
}

func seriesFlood(x *trial) {
	const many, callers = 20_000, 20
	methods := []string{"GET", "POST", "PUT", "BREW", "X" + e2e.Random()[:8]}
	together(callers, func(caller int) {
		for i := range many / callers {
			random := e2e.Random()
			path := []string{"/" + random, "/validate/" + random, "/authorize?client_id=" + random, "/token", "/revoke", "/.well-known/" + random}[i%6]
			form := "grant_type=" + random + "&client_id=" + random + "&scope=" + random + "&" + random + "=1"
			r := x.request(methods[i%len(methods)], path, form, "Content-Type", "application/x-www-form-urlencoded", "User-Agent", random, "X-Request-Id", random, "Authorization", "Bearer "+random)
			r.Host = random + ".example"
			if a := e2e.Do(r); a.Err != nil || a.Status >= 500 {
				x.Errorf("answered %d %v", a.Status, a.Err)
				return
			}
		}
	})
	series := len(seriesOf(x.node.GetOps("/metrics").Want(x.T, 200).Body))
	if series > 2000 {
		x.Errorf("%d series", series)
	}
	x.note("%d series after %d requests", series, many)
}

func metricsContent(x *trial) {
	user := x.alice("")
	x.saw(x.node.Introspect(x.gateway, user.Access))
	page := string(x.node.GetOps("/metrics").Want(x.T, 200).Body)
	for _, id := range []string{x.service.ID + `"`, x.web.ID + `"`, `"` + x.gateway.ID, e2e.DemoUser, "127.0.0.1", user.Access[:40], user.Refresh[:20], x.node.Issuer, fmt.Sprint(claimsOf(user.Access)["sub"])} {
		if strings.Contains(page, id) {
			x.Errorf("the metrics name %q", id)
		}
	}
	x.status(x.get("/metrics"), 404)
}

func healthInOutage(x *trial) {
	x.outage = true
	servers := x.moveFar()
	each(servers, (*redistest.Server).Kill)
	start := time.Now()
	took := x.node.AwaitStatus("/readyz", 503)
	for _, base := range []string{x.node.URL, x.node.Ops} {
		for path, want := range map[string]int{"/livez": 200, "/readyz": 503} {
			r, _ := http.NewRequest("GET", base+path, nil)
			x.status(x.ask(r), want)
		}
	}
	if took > 2*time.Second {
		x.Errorf("not ready only after %s", took)
	}
	for time.Since(start) < 3*time.Second {
		x.status(x.get("/livez"), 200)
		time.Sleep(200 * time.Millisecond)
	}
	each(servers, (*redistest.Server).Restart)
	x.node.AwaitReady()
	x.insist(func() answer { return x.saw(x.node.Validate(x.token, "")) })
}
