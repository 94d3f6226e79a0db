//go:build attacks

package attacks

var clientRows []*row
