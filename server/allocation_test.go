//go:build !race

// The race detector makes sync.Pool forget at random, so allocations can only be counted without it.

package server

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tollgate/cache"
	"tollgate/flows"
	"tollgate/flows/oauth"
	"tollgate/flows/token"
)

// oneRequest returns a request as fasthttp would hand it over, ready to be served again and again.
func oneRequest(tb testing.TB, raw string) *fasthttp.RequestCtx {
	tb.Helper()
	client, far := net.Pipe()
	tb.Cleanup(func() { client.Close(); far.Close() })
	got := make(chan *fasthttp.RequestCtx, 1)
	srv := &fasthttp.Server{Handler: func(http *fasthttp.RequestCtx) {
		copied := &fasthttp.RequestCtx{}
		copied.Init(&fasthttp.Request{}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, nil)
		http.Request.CopyTo(&copied.Request)
		got <- copied
	}}
	go func() { _ = srv.ServeConn(far) }()
	if _, err := io.WriteString(client, raw); err != nil {
		tb.Fatal(err)
	}
	return <-got
}

func chainServer(tb testing.TB, change ...func(*Config)) *Server {
	tb.Helper()
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zap.InfoLevel))
	cfg := Config{
		Issuer: testIssuer, Log: log, SlowRequest: time.Second, PerIP: cache.Rate{PerSecond: 1e9, Burst: 1e9},
		Ready: func() (bool, map[string]Dependency) { return true, nil },
	}
	for _, c := range change {
		if c != nil {
			c(&cfg)
		}
	}
	s, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.stop)
	return s
}

// served counts what one request allocates on its way through the handler.
func served(handler fasthttp.RequestHandler, http *fasthttp.RequestCtx) float64 {
	serve := func() {
		http.Response.Reset()
		handler(http)
		http.ResetUserValues()
	}
	serve()
	return testing.AllocsPerRun(500, serve)
}

// The chain stands around every request, so what it allocates is paid for by all.
func TestChain_AllocatesNothing(t *testing.T) {
	s := chainServer(t)
	for name, raw := range map[string]string{
		"health":              "GET /livez HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n",
		"metadata":            "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: x\r\n\r\n",
		"/validate, no token": "GET /validate/some/path HTTP/1.1\r\nHost: x\r\nX-Request-Id: abc\r\n\r\n",
		"wrong method":        "PUT /token HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"malformed":           "GET // HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if n := served(s.Public, oneRequest(t, raw)); n > 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// TestMiddleware_AllocatesNothing runs each part of the chain around a handler that does nothing.
func TestMiddleware_AllocatesNothing(t *testing.T) {
	const plain = "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
	for name, c := range map[string]struct {
		row    route
		header string
		change func(*Config)
	}{
		"the chain itself":     {},
		"request id":           {header: "X-Request-Id: caller-1.a_b\r\n"},
		"answers not to keep":  {row: route{noStore: true}},
		"rate limit":           {row: route{limit: limitIP}},
		"rate limit, reached":  {row: route{limit: limitIP}, change: func(c *Config) { c.PerIP = cache.Rate{PerSecond: 1e-6, Burst: 1} }},
		"gate":                 {row: route{costly: true}},
		"CORS":                 {row: route{cors: corsClient}, header: "Origin: https://app.example\r\n"},
		"a line not logged":    {row: route{sampled: true}, change: func(c *Config) { c.LogSample = 1 << 30 }},
		"behind trusted proxy": {row: route{limit: limitIP}, header: "X-Forwarded-For: 203.0.113.9, 192.0.2.2\r\n", change: trustAll},
	} {
		t.Run(name, func(t *testing.T) {
			s := chainServer(t, func(c *Config) { c.AllowedOrigins = []string{"https://app.example"} }, c.change)
			c.row.methods, c.row.path, c.row.name = "POST", "/nothing", "revoke"
			c.row.handle = func(*request) error { return nil }
			if n := served(s.chain([]route{c.row}), oneRequest(t, plain+c.header+"\r\n")); n > 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func trustAll(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} }

// TestValidate_ReadsAndRendersWithoutAllocating is the part of /validate that is HTTP's.
func TestValidate_ReadsAndRendersWithoutAllocating(t *testing.T) {
	s := chainServer(t)
	good := flows.Validation{Stale: time.Second, Claims: &token.Access{Subject: "alice", ClientID: "demo-web", Scope: "orders:read orders:write",
		Audience: "http://127.0.0.1:8080/resources", ID: "0123456789abcdef", Expires: 1 << 31}}
	row := route{methods: "*", path: "/validate/*", name: "validate", noStore: true, handle: func(r *request) error {
		if tok, err := r.bearer(); err != nil || len(tok) != 744 {
			t.Errorf("%d bytes, %v", len(tok), err)
		}
		scope, aud, err := r.demands(r.http.URI().QueryString())
		if err != nil || scope != "orders:read orders:write" || aud != "a" {
			t.Errorf("%q %q %v", scope, aud, err)
		}
		r.sendIdentity(&good)
		return nil
	}}
	http := oneRequest(t, "GET /validate/x?scope=orders%3Aread+orders:write&aud=a&more HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+strings.Repeat("t", 744)+"\r\n\r\n")
	if n := served(s.chain([]route{row}), http); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkMiddleware is what a request costs above its handler; "bare" is what of that the benchmark
// itself costs.
func BenchmarkMiddleware(b *testing.B) {
	s := chainServer(b, func(c *Config) { c.PerIP = cache.Rate{}; c.LogSample = 1000 })
	nothing := func(*request) error { return nil }
	chain := s.chain([]route{
		{methods: "GET", path: "/nothing", name: "livez", handle: nothing, sampled: true},
		{methods: "GET", path: "/no-store", name: "validate", handle: nothing, sampled: true, noStore: true},
	})
	for _, c := range []struct {
		name, path string
		handler    fasthttp.RequestHandler
	}{{"bare", "/nothing", func(*fasthttp.RequestCtx) {}}, {"chain", "/nothing", chain}, {"chain and no-store", "/no-store", chain}} {
		b.Run(c.name, func(b *testing.B) {
			http := oneRequest(b, "GET "+c.path+" HTTP/1.1\r\nHost: auth.example.com\r\nUser-Agent: bench\r\nAccept: */*\r\nAuthorization: Bearer "+strings.Repeat("t", 744)+"\r\n\r\n")
			b.ReportAllocs()
			for b.Loop() {
				http.Response.Reset()
				c.handler(http)
			}
		})
	}
}

// BenchmarkLimited is what a request costs that a limit turns away, beside one that passes it to a
// handler that does nothing, and one that such a handler refuses.
func BenchmarkLimited(b *testing.B) {
	wake := make(chan struct{}, 1)
	limit := func(rate cache.Rate) func(*Config) {
		return func(c *Config) {
			c.PerIP, c.LogSample = rate, 1000
			c.Share = func(name string, l *cache.Limiter) { l.Share(name, wake) }
		}
	}
	open, reached := cache.Rate{PerSecond: 1e9, Burst: 1e9}, cache.Rate{PerSecond: 1e-5, Burst: 1}
	refusal := oauth.InvalidToken()
	for _, c := range []struct {
		name   string
		rate   cache.Rate
		handle handler
	}{
		{"passed", open, func(r *request) error { r.sendJSON(200, append(r.body(), `{}`...)); return nil }},
		{"passed, refused", open, func(*request) error { return refusal }},
		{"limited", reached, func(*request) error { return nil }}, // the first alone gets there
	} {
		b.Run(c.name, func(b *testing.B) {
			chain := chainServer(b, limit(c.rate)).chain([]route{{methods: "GET", path: "/x", name: "introspect", handle: c.handle, limit: limitIP, sampled: true, noStore: true}})
			http := oneRequest(b, "GET /x HTTP/1.1\r\nHost: auth.example.com\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
			b.ReportAllocs()
			for b.Loop() {
				http.Response.Reset()
				chain(http)
			}
		})
	}
}
