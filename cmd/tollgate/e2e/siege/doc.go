// Package siege does what only shows in numbers to Tollgate: thousands of slow clients, a million hostile
// requests, tens of thousands of answers that are timed, races: `make siege`.
//
//	crowd, flood, exam, race ──> Node (tollgate serve, where it matters twice) ──> redis-server
//	good requests beside it ────┘
//
// A test records one line of the table in report_test.go, which goes to deploy/SECURITY.md: what was
// measured, and whether the goal holds. Missing a goal is a line in the table; a wrong answer fails the
// run. It leaves to package attacks what one request shows, and to package faults what breaks.
package siege
