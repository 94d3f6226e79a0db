// Package faults breaks what Tollgate stands on and measures what its users see of it: `make faults`.
//
//	load ──> Node (tollgate serve) ──> Proxy ──> redis-server
//	                    └── killed, hung, cut off, out of memory, out of files, its clock moved …
//
// A test is named after the fault's number in the table of report_test.go and records one line there:
// what was measured, and whether the goal holds. Missing a goal is a line in the table. A wrong
// answer fails the run: a token accepted that must not be, a credential issued twice, an
// acknowledged one lost.
package faults
