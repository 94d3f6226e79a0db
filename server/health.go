package server

import (
	"maps"
	"slices"
	"strconv"
)

// serveLive says that the process serves. It asks nobody else: a restart would not bring Redis back.
func serveLive(r *request) error {
	r.noStore()
	r.send(200, "text/plain; charset=utf-8", append(r.body(), "ok\n"...))
	return nil
}

// serveReady says whether traffic should come here: keys and store are there, and no drain has begun.
func serveReady(r *request) error {
	r.noStore()
	status, text := 200, "ready\n"
	if r.s.draining.Load() {
		status, text = 503, "draining\n"
	} else if ready, _ := r.s.cfg.Ready(); !ready {
		status, text = 503, "not ready\n"
	}
	r.send(status, "text/plain; charset=utf-8", append(r.body(), text...))
	return nil
}

// serveHealth lists every dependency. It stands on the ops listener only: errors name hosts.
func serveHealth(r *request) error {
	r.noStore()
	ready, deps := r.s.cfg.Ready()
	status := 200
	if !ready {
		status = 503
	}
	o := newObject(r.body())
	o.bool("ready", ready && !r.s.draining.Load())
	o.bool("draining", r.s.draining.Load())
	o.string("version", r.s.cfg.Version)
	o.name("dependencies")
	all := newObject(o.dst)
	for _, name := range slices.Sorted(maps.Keys(deps)) {
		all.name(name)
		all.dst = appendDependency(all.dst, deps[name])
	}
	o.dst = all.end()
	r.sendJSON(status, o.end())
	return nil
}

func appendDependency(dst []byte, d Dependency) []byte {
	o := newObject(dst)
	o.bool("ok", d.OK)
	o.name("latency_us")
	o.dst = strconv.AppendInt(o.dst, d.Latency.Microseconds(), 10)
	o.name("last_error")
	o.dst = appendString(o.dst, d.LastError)
	return o.end()
}
