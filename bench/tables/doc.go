// Package tables compares what could keep verified tokens: our own table (package cache) and otter, a
// well-kept cache library, side by side on tokens of 744 bytes. It holds benchmarks only, and no
// product code imports it.
//
//	go test -bench . -benchmem ./bench/tables
//
// Most of a hit is to hash and compare 744 bytes, the same for both. Our own won by what is left: it
// is looked up by borrowed bytes, costs no goroutine and half the allocations of a new entry, counts
// bytes, and keeps as much of what a skewed load asks for, a flood of tokens that come once included.
package tables
