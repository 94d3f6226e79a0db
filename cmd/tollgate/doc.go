// Command tollgate is an OAuth 2.1 and OpenID Connect authorization server, the edge that checks its
// tokens, and the tools to run it.
//
//	config ──> wire.go: redisx -> store -> keys -> flows -> server ──> dev, serve, and the commands
//
// One file per command. This package builds everything by hand and decides nothing: what may be
// done stands in flows, what is said over HTTP in server, what can be set in config.
package main
