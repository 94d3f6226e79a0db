// Package clientauth answers one question: which client is calling (RFC 6749 2.3).
//
//	credentials as they were presented ──> Authenticate ──> oauth.Client, or invalid_client
//
// It leaves to flows what that client may do.
package clientauth
