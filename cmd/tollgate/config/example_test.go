package config

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestExample_ShowsEveryKey holds the example that people copy to the keys there are.
func TestExample_ShowsEveryKey(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "tollgate.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	keysOf := func(text []byte) []string {
		t.Helper()
		var tree map[string]any
		if err := yaml.Unmarshal(text, &tree); err != nil {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		flatten(keys, "", tree)
		return slices.Sorted(maps.Keys(keys))
	}
	defaults, err := Default().YAML()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := keysOf(text), keysOf(defaults); !slices.Equal(got, want) {
		t.Errorf("the example has %q, the configuration %q", got, want)
	}
}

func flatten(keys map[string]bool, path string, value any) {
	tree, ok := value.(map[string]any)
	if !ok {
		keys[path] = true
		return
	}
	for name, below := range tree {
		flatten(keys, path+"."+name, below)
	}
}
