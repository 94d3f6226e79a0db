//go:build attacks

package attacks

var pageRows []*row
