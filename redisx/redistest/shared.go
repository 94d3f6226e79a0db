package redistest

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	sharedMu     sync.Mutex
	sharedServer *Server
	prefixes     atomic.Int64
)

// Shared returns a server that all tests of this binary use, and a key prefix that no other
// test has. It keeps nothing on disk and ends with the binary. Do not stop or pause it.
func Shared(tb testing.TB) (s *Server, prefix string) {
	tb.Helper()
	sharedMu.Lock()
	defer sharedMu.Unlock()
	if sharedServer == nil {
		sharedServer = newServer(tb, os.TempDir(), nil, []string{"--appendonly", "no"})
	}
	return sharedServer, fmt.Sprintf("test%d", prefixes.Add(1))
}
