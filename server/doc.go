// Package server is HTTP and nothing else: routes, strict parsing, answers, middleware, pages and
// the admin API. It knows no storage; every decision is made in flows.
//
//	socket ─> strict ─> middleware ─> routes.go ─> handler: parse, one flow, one answer
//	                                                 └─ error ─> errors.go ─> record ─> log, metrics
//
// A handler is a func(*request) error. It either answers and returns nil, or returns an error; one
// place answers errors, recovers panics, logs and counts.
package server
