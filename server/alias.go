package server

import "unsafe"

// alias is b as a string that is not a copy. It is the one place where that is done: a token or a
// client id that is only compared and forgotten would otherwise be the only memory that a request
// takes. The string changes with b, which belongs to the request: whoever keeps it for longer, or
// passes it to a goroutine, clones it first.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
