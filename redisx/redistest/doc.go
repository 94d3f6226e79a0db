// Package redistest runs real Redis servers for tests: started, stopped, killed, paused.
//
//	Start(t)  ──> a server of the test's own, data on disk
//	Shared(t) ──> one server for the whole test binary, a key prefix of the test's own
//
// It knows nothing of what is stored.
package redistest
