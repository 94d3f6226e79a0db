// Package oauth is the vocabulary of the protocols: errors, clients, users, grants, scopes and
// the rules for redirect URIs. Every other package speaks in these words.
//
//	flows, server ──> oauth ──> standard library only
//
// It owns what a thing is and which values of it are legal. It leaves to others where things
// are kept (flows/store), how they are signed (flows/token) and how they travel (server).
package oauth
