package store

import "context"

type fresh struct{}

// Fresh returns a context under which reads answer from the backend's own data, never from what a
// node remembers of it: for who reads a record in order to change it, and for who is about to refuse
// or end something. What a node remembers may lack what another one made a moment ago.
func Fresh(ctx context.Context) context.Context { return context.WithValue(ctx, fresh{}, true) }

// IsFresh reports whether ctx is of Fresh.
func IsFresh(ctx context.Context) bool { return ctx.Value(fresh{}) != nil }
