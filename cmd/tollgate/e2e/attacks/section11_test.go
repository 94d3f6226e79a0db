//go:build attacks

package attacks

var parRows []*row
