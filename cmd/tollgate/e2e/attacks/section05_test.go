//go:build attacks

package attacks

var introspectRows []*row
