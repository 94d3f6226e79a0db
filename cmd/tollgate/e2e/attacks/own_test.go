//go:build attacks

package attacks

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

var installations atomic.Int64

// moveOut has the row go on in an installation of its own, with these settings, on the place's Redis
// under another prefix. It ends with the row.
func (x *trial) moveOut(env ...string) {
	x.Helper()
	x.moveTo(x.redis, fmt.Sprint("own", installations.Add(1)), env...)
}

// moveFar is moveOut to a Redis of its own, which the row may break: its processes are returned,
// none for memory.
func (x *trial) moveFar(env ...string) []*redistest.Server {
	x.Helper()
	var servers []*redistest.Server
	var redis e2e.Redis
	switch x.store {
	case "memory":
	case "cluster":
		c := redistest.StartCluster(x.T)
		servers, redis = c.Nodes, e2e.Redis{Addr: c.Addresses[0], Env: e2e.ClusterEnv(c)}
	default:
		s := redistest.Start(x.T)
		servers, redis = []*redistest.Server{s}, e2e.Redis{Addr: s.Addr}
	}
	x.moveTo(redis, firstPrefix, env...)
	return servers
}

func (x *trial) moveTo(redis e2e.Redis, prefix string, env ...string) {
	x.Helper()
	p := &place{store: x.store, redis: redis, prefix: prefix}
	env = slices.Concat(settings, redis.Env, []string{"TOLLGATE_REDIS__KEY_PREFIX=" + prefix}, env)
	address := redis.Addr
	if x.store == "memory" {
		address, env = nowhere, append(env, "TOLLGATE_STORE=memory")
	}
	p.node = e2e.StartServe(x.T, address, env...)
	x.place = p
	x.furnish(x.T)
	x.ready(x.T)
	x.visit(x.node, x.token)
}

// nowhere is the address of a Redis that is not needed.
const nowhere = "127.0.0.1:1"

// resume has the installation watched with another token, after the row itself has ended the one that
// was used for it, or has restarted its node.
func (x *trial) resume() {
	x.Helper()
	x.ready(x.T)
	for _, v := range x.visits {
		if slices.Contains(x.nodes(), v.node) {
			v.token, v.pid = x.token, v.node.PID
		}
	}
}

// restart starts the row's own node again, which in memory has forgotten everything.
func (x *trial) restart() {
	x.Helper()
	x.restarted()
	if x.store == "memory" {
		x.furnish(x.T)
	}
	x.resume()
}

// restarted lets the node write what it has to write, and starts it again.
func (x *trial) restarted() {
	x.Helper()
	time.Sleep(writeTime)
	x.node.Restart()
}

// writeTime is how long lines of the log are gathered at most.
const writeTime = 300 * time.Millisecond

// withPeer starts a second node of an installation that the row has moved to; in memory there is none.
func (x *trial) withPeer() {
	x.Helper()
	if x.store != "memory" {
		x.peer = x.node.Peer()
		x.visit(x.peer, x.token)
	}
}

// nodes are all of the installation.
func (p *place) nodes() []*e2e.Node {
	if p.peer == nil {
		return []*e2e.Node{p.node}
	}
	return []*e2e.Node{p.node, p.peer}
}
