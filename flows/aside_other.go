//go:build !linux

package flows

// stepBack does nothing: threads have no priority of their own here.
func stepBack() {}
