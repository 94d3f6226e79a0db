//go:build attacks

package attacks

var userinfoRows []*row
