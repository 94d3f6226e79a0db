// Package cache holds what one process remembers, in bounds: a table of values by keys that strangers
// choose, read without a lock; one load for many who ask at once; and a limiter (GCRA) that decides
// alone and keeps book of what others should know.
//
//	server (limits) ──> cache <── flows (verified claims)
//
// It knows no OAuth and nothing of Redis.
package cache
