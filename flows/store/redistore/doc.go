// Package redistore keeps everything in Redis: what several nodes share and a restart survives.
//
//	store.Store ──> one Lua script per atomic operation ──> redisx ──> Redis
//	                └── keys of one grant carry its id as hash tag: one slot, one script
//
// It owns key names and scripts. Every key but clients, users, consents and signing keys has a
// TTL. TTLs are lengths of time, made by the caller's clock, so Redis' clock need not agree with
// ours; where the contract hands a moment over, the script compares it with the record as well.
package redistore
