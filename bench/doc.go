// Package bench holds the Go benchmarks of the whole server: every endpoint over an in-memory
// listener, on memory and on a real Redis, from as many connections as there are cores. The stages
// have theirs beside the code. `make bench` runs all of them; its output is for benchstat. The command
// in edge compares with other servers.
package bench
