//go:build attacks

package attacks

var jwtRows []*row
