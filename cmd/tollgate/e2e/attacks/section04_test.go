//go:build attacks

package attacks

var grantRows []*row
