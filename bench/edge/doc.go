//go:build linux

// Command edge measures Tollgate beside what it is made of and what it would be used in place of: bare
// fasthttp answering the same bytes, HAProxy, nginx, oidc-provider, fosite, raw signatures and the raw
// Redis script. It owns the processes, the rounds and the report; it knows the product by its binary
// and its public surface alone.
//
//	rounds of all rows, one after the other -> server on core 0, load on core 1 -> ratios within a round
//
// Every row is measured once per round, those that are close to each other in short turns, and ratios
// are taken within a round, so that a machine that slows down slows down both sides. CPU time is the server's own, as the kernel accounts it, so the
// load's cost is in no figure.
package main
