// Package e2e tests the built binary from outside: real processes, real HTTP, a real Redis, real
// forms.
//
//	test ──> Node (tollgate dev | tollgate serve …) ──> redis-server
//	     ──> Browser (cookies, the login and consent forms) ──┘
//
// The files without _test are the harness: binary.go builds, harness.go starts and ends processes,
// serve.go configures them, seed.go fills them, calls.go, browser.go and form.go talk to them. It
// knows the product's surface only, nothing of its packages.
package e2e
