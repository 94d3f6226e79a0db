// Package redistest runs real Redis servers for tests: started, stopped, killed, paused, alone or
// as production has them.
//
//	Start(t)         ──> a server of the test's own, data on disk; User(…) adds an ACL user
//	Shared(t)        ──> one server for the whole test binary, a key prefix of the test's own
//	StartReplica(t)  ──> a replica of a server
//	StartSentinel(t) ──> a primary and two replicas under three Sentinels
//	StartCluster(t)  ──> three primaries with a replica each
//	StartTLS(t)      ──> a server that wants a certificate of its private authority
//	StartProxy(t)    ──> client ──> Proxy (delays, swallows, cuts, loses replies) ──> server
//
// Everything stands on 127.0.0.1, on free ports, in folders of the test, and is killed even if the
// test is. It knows nothing of what is stored.
package redistest
