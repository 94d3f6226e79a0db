package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a file or a variable holds, Load answers, in one line per problem.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/broken/*.yaml", "testdata/good/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text), "TOLLGATE_REDIS__ADDRESSES", "[a, b]")
		}
	}
	f.Fuzz(func(t *testing.T, text, name, value string) {
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(file, []string{EnvPrefix + name + "=" + value})
		var problems Problems
		switch {
		case err == nil && c == nil, err != nil && c != nil:
			t.Fatalf("both or neither: %v, %v", c, err)
		case err == nil:
			if _, err := c.YAML(); err != nil {
				t.Fatalf("cannot be printed: %v", err)
			}
		case !errors.As(err, &problems) || len(problems) == 0:
			t.Fatalf("not a list of problems: %v", err)
		}
		for _, p := range problems {
			if strings.ContainsAny(p.String(), "\n\r\x1b") {
				t.Fatalf("not one line: %q", p.String())
			}
		}
	})
}
