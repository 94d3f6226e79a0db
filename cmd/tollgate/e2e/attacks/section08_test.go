//go:build attacks

package attacks

var validateRows []*row
