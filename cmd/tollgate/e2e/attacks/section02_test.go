//go:build attacks

package attacks

var authorizeRows []*row
