//go:build attacks

package attacks

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// place is what is attacked: an installation with its clients and its user (e2e.DemoUser).
type place struct {
	store   string
	node    *e2e.Node
	peer    *e2e.Node // a second node of the installation; nil in memory
	service e2e.App   // client_credentials
	gateway e2e.App   // introspects any token
	web     e2e.App   // confidential: code, refresh
	spa     e2e.App   // public: code, refresh; a loopback redirect

	redis    e2e.Redis     // of the installation; empty in memory
	prefix   string        // of its keys there
	token    string        // a good one of the service
	baseline time.Duration // p99 of a good request on a connection of its own
	repeated int           // requests that were sent again
}

// settings have attacks answered for what they are, since limits have rows of their own, and every
// request logged.
var settings = []string{
	"TOLLGATE_RATE_LIMITS__LOGIN=off", "TOLLGATE_RATE_LIMITS__PER_IP=off", "TOLLGATE_RATE_LIMITS__PER_CLIENT=off",
	"TOLLGATE_LOG__SAMPLE=1",
}

// start runs Tollgate on a store: "memory", or a kind of Redis that e2e.StartRedis knows.
func start(t *testing.T, store string) *place {
	t.Helper()
	p := &place{store: store, prefix: firstPrefix}
	if store == "memory" {
		p.node = e2e.NewDev(t)
		p.node.Setenv(settings...)
		p.node.Start()
		p.node.AwaitReady()
		p.service, p.gateway, p.web, p.spa = e2e.DemoService, e2e.DemoGateway, e2e.DemoWeb, e2e.DemoSPA
	} else {
		t.Setenv(e2e.RedisKind, store)
		p.redis = e2e.StartRedis(t)
		p.node = e2e.StartServeOn(t, p.redis, settings...)
		p.peer = p.node.Peer()
		p.furnish(t)
	}
	p.ready(t)
	return p
}

// firstPrefix is the key prefix that e2e gives every installation.
const firstPrefix = "e2e"

// furnish registers clients and the user.
func (p *place) furnish(tb testing.TB) {
	tb.Helper()
	apps := p.node.Seed(tb)
	p.service, p.gateway, p.web = apps.Service, apps.Gateway, apps.Web
	p.spa = p.node.AddApp(tb, map[string]any{
		"client_id": "spa", "client_name": "Page", "scope": p.web.Scope, "token_endpoint_auth_method": "none",
		"grant_types": []string{"authorization_code", "refresh_token"}, "redirect_uris": []string{"http://127.0.0.1:8086/callback"},
	})
}

// elsewhere is the row on a node with further settings: in memory an installation of its own, on
// Redis another node of the same.
func (x *trial) elsewhere(env ...string) *trial {
	x.Helper()
	there := *x.place
	if x.store == "memory" {
		there.node = e2e.NewDev(x)
		there.node.Setenv(append(slices.Clone(settings), env...)...)
	} else {
		there.node = x.node.NewPeer(x.redis.Addr, env...)
	}
	there.node.Start()
	there.node.AwaitReady()
	there.ready(x)
	x.visit(there.node, there.token)
	return &trial{T: x.T, place: &there, found: x.found}
}

// ready gets a token, and how long a good request takes.
func (p *place) ready(tb testing.TB) {
	tb.Helper()
	p.token = p.node.ClientCredentials(p.service).Want(tb, 200).Access
	var took []time.Duration
	for range 200 {
		d, _, err := probe(p.node, p.token)
		if err != nil {
			tb.Fatal(err)
		}
		took = append(took, d)
	}
	slices.Sort(took)
	p.baseline = took[len(took)*99/100]
}

// address is host:port of the node's public listener.
func (p *place) address() string { return hostOf(p.node.URL) }

// ops is host:port of the node's other listener.
func (p *place) ops() string { return hostOf(p.node.Ops) }

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err) // addresses are ours
	}
	return u.Host
}
