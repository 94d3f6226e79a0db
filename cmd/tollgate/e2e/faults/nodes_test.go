//go:build faults

package faults

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// production is Redis' deadline as it is there; the harness gives slow machines more.
const production = "TOLLGATE_REDIS__TIMEOUT=250ms"

// plainScope has no id_token, which would only cost time here.
const plainScope = "offline_access orders:read"

// installation is nodes on one Redis with clients and a user.
type installation struct {
	nodes []*e2e.Node
	apps  e2e.Apps
	web   e2e.App // apps.Web that asks for plainScope
	alice *e2e.Browser
}

// install runs nodes on a Redis, registers the clients and signs alice in.
func install(t *testing.T, nodes int, redisAddr string, env ...string) *installation {
	t.Helper()
	first := e2e.StartServe(t, redisAddr, append([]string{production, "TOLLGATE_TOKENS__SIGNING_ALG=EdDSA"}, env...)...)
	in := &installation{nodes: []*e2e.Node{first}}
	for len(in.nodes) < nodes {
		in.nodes = append(in.nodes, first.Peer())
	}
	in.seed(t)
	return in
}

func (in *installation) seed(t *testing.T) {
	t.Helper()
	in.apps = in.nodes[0].Seed(t)
	in.web = in.apps.Web
	in.web.Scope = plainScope
	in.alice = e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	in.alice.Login(t, in.nodes[0], in.web)
}

// service returns a token of the service.
func (in *installation) service(t *testing.T) string {
	t.Helper()
	return in.nodes[0].ClientCredentials(in.apps.Service).Want(t, 200).Access
}

// revoked returns an access token that was revoked, which nobody may accept ever again.
func (in *installation) revoked(t *testing.T) string {
	t.Helper()
	token := in.service(t)
	in.nodes[0].Revoke(in.apps.Service, token).Want(t, 200)
	return token
}

// usual is a mix of what a node does all day, with a revoked token in it. Their statuses are 200 but
// for "revoked", which is 401.
func (in *installation) usual(t *testing.T) []call {
	n := in.nodes[0]
	good, bad := in.service(t), in.revoked(t)
	phones := in.phones(t, n, 32)
	return []call{
		{"validate", func() e2e.Answer { return n.Validate(good, "") }},
		{"introspect", func() e2e.Answer { return activeOr500(n.Introspect(in.apps.Gateway, good)) }},
		{"revoked", func() e2e.Answer { return n.Validate(bad, "") }},
		{"client_credentials", func() e2e.Answer { return n.ClientCredentials(in.apps.Service).Answer }},
		{"refresh", phones.next},
	}
}

// wrong are the statuses of usual's calls that are not 200.
var wrong = map[string]int{"revoked": 401}

// activeOr500 makes an answer that calls a good token inactive stand out.
func activeOr500(a e2e.Answer) e2e.Answer {
	if a.Status == 200 && !a.Active() {
		a.Status = 400
	}
	return a
}

// phones refresh their tokens, and retry with the same one until they are answered. As many may
// call next at a time as there are phones.
type phones struct {
	n      *e2e.Node
	app    e2e.App
	tokens chan string
}

func (in *installation) phones(t *testing.T, n *e2e.Node, count int) *phones {
	t.Helper()
	p := &phones{n: n, app: in.web, tokens: make(chan string, count)}
	for range count {
		p.tokens <- in.alice.Login(t, n, in.web).Refresh
	}
	return p
}

func (p *phones) next() e2e.Answer {
	token := <-p.tokens
	got := p.n.Refresh(p.app, token)
	if got.Status == 200 {
		token = got.Refresh
	}
	p.tokens <- token
	return got.Answer
}

// code goes through /authorize and returns a code that nobody has used.
func (in *installation) code(t *testing.T, n *e2e.Node) (code, verifier string) {
	t.Helper()
	asked := n.Ask(in.web)
	code, err := in.alice.Code(n, in.web, asked)
	if err != nil {
		t.Fatal("authorize: ", err)
	}
	return code, asked.Verifier
}

// keysOf lists every key.
func keysOf(t *testing.T, redis *redistest.Server) []string {
	t.Helper()
	all, err := redis.Do("KEYS", "*")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, key := range all.([]any) {
		names = append(names, key.(string))
	}
	return names
}

// metric reads one series of a node, 0 if there is none.
func metric(n *e2e.Node, series string) float64 {
	for line := range strings.Lines(string(n.GetOps("/metrics").Body)) {
		if value, found := strings.CutPrefix(line, series+" "); found {
			v, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return v
		}
	}
	return 0
}

// goroutines is how many a node has.
func goroutines(n *e2e.Node) int {
	var count int
	fmt.Sscanf(string(n.GetOps("/debug/pprof/goroutine?debug=1").Body), "goroutine profile: total %d", &count)
	return count
}

// until asks until yes, and returns how long that took; -1 if it never was.
func until(limit time.Duration, yes func() bool) time.Duration {
	start := time.Now()
	for !yes() {
		if time.Since(start) > limit {
			return -1
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(start)
}
