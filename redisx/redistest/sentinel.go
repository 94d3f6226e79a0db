package redistest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// SentinelDownAfter is how long a primary must be silent before Sentinels think it is dead.
const SentinelDownAfter = time.Second

// failoverTimeout is also how long a Sentinel waits, twice over, before it tries again where a
// first attempt got no majority in time.
const failoverTimeout = 4 * time.Second

// Sentinel is one primary with two replicas, watched by three Sentinels.
type Sentinel struct {
	Master    string    // the name that Sentinels know the primary by
	Addresses []string  // of the Sentinels
	Data      []*Server // who holds data; the first began as primary
	Sentinels []*Server

	tb testing.TB
}

// StartSentinel runs all six and returns once every Sentinel knows all others. args are of the
// servers that hold data.
func StartSentinel(tb testing.TB, args ...string) *Sentinel {
	tb.Helper()
	s := &Sentinel{Master: "tollgate", tb: tb}
	primary := Start(tb, args...)
	s.Data = []*Server{primary, StartReplica(tb, primary, args...), StartReplica(tb, primary, args...)}
	for range 3 {
		sentinel := s.watch(primary)
		s.Sentinels = append(s.Sentinels, sentinel)
		s.Addresses = append(s.Addresses, sentinel.Addr)
	}
	for _, sentinel := range s.Sentinels {
		await(tb, "meeting of Sentinels", startTimeout, func() bool {
			_, err := sentinel.Do("SENTINEL", "CKQUORUM", s.Master)
			return err == nil && s.count(sentinel, "REPLICAS") == 2 && s.count(sentinel, "SENTINELS") == 2
		})
	}
	return s
}

// watch starts a Sentinel. It keeps what it learns in its configuration file.
func (s *Sentinel) watch(primary *Server) *Server {
	s.tb.Helper()
	addr, dir := FreeAddr(s.tb), s.tb.TempDir()
	file := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf(`bind 127.0.0.1
port %[1]s
dir %[2]s
loglevel warning
sentinel monitor %[3]s 127.0.0.1 %[4]s 2
sentinel down-after-milliseconds %[3]s %[5]d
sentinel failover-timeout %[3]s %[6]d
`, portOf(addr), dir, s.Master, portOf(primary.Addr), SentinelDownAfter.Milliseconds(), failoverTimeout.Milliseconds())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	sentinel := &Server{Addr: addr, URL: "redis://" + addr, tb: s.tb, args: []string{file, "--sentinel"}}
	sentinel.launch()
	s.tb.Cleanup(sentinel.Kill)
	return sentinel
}

// count is how many replicas or other Sentinels one knows.
func (s *Sentinel) count(sentinel *Server, what string) int {
	known, _ := sentinel.Do("SENTINEL", what, s.Master)
	list, _ := known.([]any)
	return len(list)
}

// Primary returns the server that most Sentinels take for the primary.
func (s *Sentinel) Primary() *Server {
	s.tb.Helper()
	var primary *Server
	await(s.tb, "agreement of the Sentinels on a primary", 10*failoverTimeout, func() bool {
		primary = s.elected()
		return primary != nil
	})
	return primary
}

// elected is the server that most Sentinels take for the primary, nil while they do not agree.
func (s *Sentinel) elected() *Server {
	votes := map[string]int{}
	for _, sentinel := range s.Sentinels {
		answer, _ := sentinel.Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", s.Master)
		if pair, _ := answer.([]any); len(pair) == 2 {
			votes[fmt.Sprint(pair[0], ":", pair[1])]++
		}
	}
	for _, server := range s.Data {
		if votes[server.Addr] >= 2 {
			return server
		}
	}
	return nil
}

// Failover makes a replica the primary, in order and with the old one alive, and returns the new
// one once it takes writes.
func (s *Sentinel) Failover() *Server {
	s.tb.Helper()
	old := s.Primary()
	s.Sentinels[0].Text(s.tb, "SENTINEL", "FAILOVER", s.Master)
	return s.AwaitPrimaryOtherThan(old)
}

// AwaitPrimaryOtherThan returns the primary that takes the place of old, which may be dead, once
// it takes writes.
func (s *Sentinel) AwaitPrimaryOtherThan(old *Server) *Server {
	s.tb.Helper()
	var primary *Server
	await(s.tb, "failover", 10*failoverTimeout, func() bool {
		primary = s.elected()
		return primary != nil && primary != old && primary.Field("role") == "master"
	})
	return primary
}
