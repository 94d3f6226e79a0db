package redistest

import "testing"

// StartReplica runs a replica of a server and returns once it has the data. args are
// redis-server's. It ends with the test.
func StartReplica(tb testing.TB, of *Server, args ...string) *Server {
	tb.Helper()
	replica := Start(tb, append([]string{"--replicaof", "127.0.0.1", portOf(of.Addr)}, args...)...)
	await(tb, "replication", startTimeout, replica.replicates)
	return replica
}

func (s *Server) replicates() bool { return s.Field("master_link_status") == "up" }

// User returns arguments for Start that add a user who may only do what rules say, as "~app:*",
// "+get". The default user may still do everything, which is what Do uses.
func User(name, password string, rules ...string) []string {
	return append([]string{"--user", name, "on", ">" + password}, rules...)
}
