package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Operations are named in redistore; each name has its series from the start.
func TestStoreMeter_KnowsEveryOperation(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "flows", "store", "redistore", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`"([a-z]+_[a-z_]+)"|op = "([a-z]+)"`)
	seen := []string{"ping", "info", "other"}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, found := range name.FindAllStringSubmatch(string(text), -1) {
			seen = append(seen, found[1]+found[2])
		}
	}
	slices.Sort(seen)
	seen = slices.Compact(seen)
	known := slices.Sorted(slices.Values(storeOps))
	if !slices.Equal(seen, known) {
		t.Errorf("redistore has %v\nthe meter %v", seen, known)
	}
}
