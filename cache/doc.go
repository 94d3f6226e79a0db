// Package cache holds what one process remembers: a bounded limiter (GCRA), and later the LRU of
// verified claims and single flight.
//
//	server (limits) ──> cache <── flows (verified claims)
//
// It knows no OAuth and nothing of Redis.
package cache
