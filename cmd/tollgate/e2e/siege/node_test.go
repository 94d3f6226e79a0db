//go:build siege

package siege

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// place is a server that is attacked.
type place struct {
	host  string // host:port of the public listener
	token string // a good one
	pid   int
}

// besieged is a node on a Redis of its own, with its clients and its user.
type besieged struct {
	*e2e.Node
	place
	redis *redistest.Server
	apps  e2e.Apps
}

// besiege runs a node. Nobody is limited there, unless env says otherwise, and keys are those that are fast
// to sign with.
func besiege(t *testing.T, env ...string) *besieged {
	t.Helper()
	redis := redistest.Start(t)
	n := e2e.StartServe(t, redis.Addr, append([]string{"TOLLGATE_TOKENS__SIGNING_ALG=EdDSA"}, env...)...)
	b := &besieged{Node: n, place: place{host: strings.TrimPrefix(n.URL, "http://"), pid: n.PID}, redis: redis, apps: n.Seed(t)}
	b.token = n.ClientCredentials(b.apps.Service).Want(t, 200).Access
	return b
}

// alive fails the test if the process is gone.
func (b *besieged) alive(t *testing.T) {
	t.Helper()
	select {
	case <-b.Ended():
		t.Fatal("the process is gone")
	default:
	}
}

// files is how many files the process has open: connections, and some more.
func (p place) files() int {
	folder, err := os.Stat(fmt.Sprintf("/proc/%d/fd", p.pid))
	if err != nil {
		return 0
	}
	return int(folder.Size()) // since Linux 6.2
}

// memory is what the process has in RAM, in bytes.
func (p place) memory() int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kib << 10
		}
	}
	return 0
}

// settledMemory is memory after the garbage of before was collected, twice: what is pooled goes with the
// second.
func (b *besieged) settledMemory(t *testing.T) int {
	t.Helper()
	for range 2 {
		b.GetOps("/debug/pprof/heap?gc=1").Want(t, 200)
	}
	return b.memory()
}

// watcher follows a process.
type watcher struct {
	files, memory int // the most there were
	ended, done   chan struct{}
}

func (p place) watch() *watcher {
	w := &watcher{ended: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for {
			w.files, w.memory = max(w.files, p.files()), max(w.memory, p.memory())
			select {
			case <-w.ended:
				return
			case <-time.After(250 * time.Millisecond):
			}
		}
	}()
	return w
}

// stop ends it; what it has seen can be read then.
func (w *watcher) stop() {
	close(w.ended)
	<-w.done
}

// series lists the names of the node's metrics, labels and all.
func (b *besieged) series(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for line := range bytes.Lines(b.GetOps("/metrics").Want(t, 200).Body) {
		if end := bytes.LastIndexByte(bytes.TrimSpace(line), ' '); end > 0 && line[0] != '#' {
			all[string(line[:end])] = true
		}
	}
	return all
}
