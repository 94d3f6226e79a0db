// Package memstore keeps everything in this process: for `tollgate dev` and for fast tests.
//
//	grant tag ──> one of 64 shards ──> code, family, revocation of that grant, under one lock
//	clients, users, consents, signing keys ──> one registry under one lock
//
// It owns the Go twins of redistore's Lua scripts. What expires is checked when it is read and
// swept in the background; past Options.MaxEntries nothing new that expires is taken, and
// nothing is ever evicted, so that no revocation can be pushed out. All of it is gone with the
// process.
package memstore
