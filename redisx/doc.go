// Package redisx is Redis as a tool: one client, commands under deadlines, scripts.
//
//	redistore ──> Client.Do, DoMulti, Script.Exec ──> rueidis ──> Redis
//	                 └── an answer, ErrNil, or an error that is ErrUnavailable
//
// It owns connections, deadlines and what counts as an answer. What is stored, and under which
// names, is left to others. It knows no OAuth.
package redisx
