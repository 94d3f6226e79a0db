//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "load: this wants Linux: it has its processes end with it, and reads what they use from /proc")
	os.Exit(1)
}
