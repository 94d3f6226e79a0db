package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the .want files; read them before you commit")

// TestBroken_EveryProblemIsNamed loads each broken file and compares all that is said about it
// with the file's .want, line by line. DIR stands for the folder.
func TestBroken_EveryProblemIsNamed(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d broken configurations found (%v), want 25 or more", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			c, err := Load(file, nil)
			if err == nil || c != nil {
				t.Fatal("loaded, want problems")
			}
			dir, _ := filepath.Abs("testdata/broken")
			got := strings.ReplaceAll(err.Error(), dir, "DIR") + "\n"
			wantFile := strings.TrimSuffix(file, ".yaml") + ".want"
			if *update {
				os.WriteFile(wantFile, []byte(got), 0o644)
			}
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("said:\n%s\nwant:\n%s", got, want)
			}
			if strings.Contains(got, "never-shown") {
				t.Error("a secret is shown")
			}
		})
	}
}
