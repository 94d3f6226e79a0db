//go:build attacks

package attacks

var adminRows []*row
