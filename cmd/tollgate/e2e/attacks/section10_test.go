//go:build attacks

package attacks

var metadataRows []*row
