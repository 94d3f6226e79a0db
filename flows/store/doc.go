// Package store is the storage contract in domain words, one file per record. A backend
// implements all of it; storetest holds every backend to it, racing callers included.
//
//	flows ──> store (this contract) <── memstore   one process: dev mode and fast tests
//	                                <── redistore  Redis: one Lua script per atomic operation
//
// Three answers are never confused: a record that is not there is ErrAbsent, a rule that says no
// is an error of its own, and everything else means that nobody knows (the backend could not be
// asked, or did not answer in time; a write may have happened). Callers turn the last one into
// 503, never into a refusal.
//
// Nothing secret rests in clear: codes, refresh tokens, session and interaction handles arrive
// here as Hash, private keys and successors arrive sealed. Every record but clients, users,
// consents and signing keys has an expiry. Times are UTC with millisecond precision.
package store
