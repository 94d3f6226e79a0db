//go:build !race

// The race detector makes sync.Pool forget at random, so allocations can only be counted without it.

package server

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tollgate/cache"
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

func chainServer(tb testing.TB) *Server {
	tb.Helper()
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zap.InfoLevel))
	s, err := New(Config{
		Issuer: testIssuer, Log: log, SlowRequest: time.Second, PerIP: cache.Rate{PerSecond: 1e9, Burst: 1e9},
		Ready: func() (bool, map[string]Dependency) { return true, nil },
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.stop)
	return s
}

// The chain stands around every request, so what it allocates is paid for by all.
func TestChain_AllocatesNothing(t *testing.T) {
	s := chainServer(t)
	for name, c := range map[string]struct {
		raw  string
		most float64
	}{
		"health":              {"GET /livez HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n", 0},
		"metadata":            {"GET /.well-known/openid-configuration HTTP/1.1\r\nHost: x\r\n\r\n", 0},
		"/validate, no token": {"GET /validate/some/path HTTP/1.1\r\nHost: x\r\nX-Request-Id: abc\r\n\r\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			http := oneRequest(t, c.raw)
			serve := func() {
				http.Response.Reset()
				s.Public(http)
				http.ResetUserValues()
			}
			serve()
			if n := testing.AllocsPerRun(500, serve); n > c.most {
				t.Errorf("%v allocations, budget %v", n, c.most)
			}
		})
	}
}

func BenchmarkChain(b *testing.B) {
	s := chainServer(b)
	for _, path := range []string{"/livez", "/validate", "/.well-known/jwks-not-there"} {
		b.Run(path[1:], func(b *testing.B) {
			http := oneRequest(b, "GET "+path+" HTTP/1.1\r\nHost: x\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
			b.ReportAllocs()
			for b.Loop() {
				http.Response.Reset()
				s.Public(http)
				http.ResetUserValues()
			}
		})
	}
}
