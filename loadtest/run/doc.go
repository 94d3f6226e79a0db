//go:build linux

// Command run drives the k6 scripts of the folder above against two nodes on one Redis, all of them on
// this machine and gone when it ends, and leaves a summary with plots. It owns the processes and the
// report; what is sent, and how fast answers must come, the scripts say.
package main
