package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var binary struct {
	once   sync.Once
	path   string
	folder string // "" where nothing was built
	output []byte
	err    error
}

// Binary returns the tollgate under test: TOLLGATE_BIN, or what it builds once per test run.
func Binary(tb testing.TB) string {
	tb.Helper()
	binary.once.Do(build)
	if binary.err != nil {
		tb.Fatalf("build tollgate: %v\n%s", binary.err, binary.output)
	}
	return binary.path
}

func build() {
	if binary.path = os.Getenv("TOLLGATE_BIN"); binary.path != "" {
		binary.path, binary.err = filepath.Abs(binary.path)
		return
	}
	if binary.folder, binary.err = os.MkdirTemp("", "tollgate-e2e-"); binary.err != nil {
		return
	}
	binary.path = filepath.Join(binary.folder, "tollgate")
	binary.output, binary.err = exec.Command("go", "build", "-o", binary.path, "tollgate/cmd/tollgate").CombinedOutput()
}

// RemoveBinary deletes what Binary built.
func RemoveBinary() {
	if binary.folder != "" {
		os.RemoveAll(binary.folder)
	}
}
