package flows

import "unsafe"

// bytesOf lends the bytes of a token that came as a string to what reads tokens, which came as bytes
// from everywhere else. Nothing there writes to a token or keeps it; what is kept is a copy. A
// conversion would copy every token of every introspection once more.
func bytesOf(tok string) []byte { return unsafe.Slice(unsafe.StringData(tok), len(tok)) }
