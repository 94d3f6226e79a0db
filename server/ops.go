package server

import (
	"bytes"

	"github.com/VictoriaMetrics/metrics"
	"github.com/valyala/fasthttp/pprofhandler"
)

// opsRoutes is what the ops listener serves.
func opsRoutes() []route {
	return append([]route{
		{methods: "GET, HEAD", path: "/livez", name: "livez", handle: serveLive, sampled: true},
		{methods: "GET, HEAD", path: "/readyz", name: "readyz", handle: serveReady, sampled: true},
		{methods: "GET, HEAD", path: "/healthz", name: "healthz", handle: serveHealth, sampled: true},
		{methods: "GET", path: "/metrics", name: "metrics", handle: serveMetrics, sampled: true},
		{methods: "GET, POST", path: "/debug/pprof/*", name: "pprof", handle: servePprof},
	}, adminRoutes()...)
}

// serveMetrics writes every series in the Prometheus text format 0.0.4.
func serveMetrics(r *request) error {
	out := bytes.NewBuffer(r.body())
	r.s.cfg.Metrics.WritePrometheus(out)
	metrics.WriteProcessMetrics(out)
	r.send(200, "text/plain; version=0.0.4; charset=utf-8", out.Bytes())
	return nil
}

// servePprof serves the runtime's profiles (net/http/pprof).
func servePprof(r *request) error {
	pprofhandler.PprofHandler(r.http)
	return nil
}
