//go:build attacks

package attacks

var registrationRows []*row
