//go:build attacks

package attacks

var revokeRows []*row
