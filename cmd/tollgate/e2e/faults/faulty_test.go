//go:build faults

package faults

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tollgate/cmd/tollgate/e2e"
)

// faulty is tollgate with three faults built in, for what cannot be done to a process from outside:
// its wall clock, but not its monotonic one, is off by the seconds in the file "clock" of its working
// directory; it looks up hosts in the file "hosts" there, without keeping them for 5 s; and it
// panics in the handler of every request with the header X-Panic.
var faulty struct {
	once sync.Once
	path string
	err  error
}

func faultyBinary(t *testing.T) string {
	t.Helper()
	faulty.once.Do(func() { faulty.path, faulty.err = buildFaulty() })
	if faulty.err != nil {
		t.Fatal("build the faulty binary: ", faulty.err)
	}
	return faulty.path
}

// change is a replacement in one source file.
type change struct{ file, old, new string }

func buildFaulty() (string, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	std := filepath.Join(strings.TrimSpace(string(goroot)), "src")
	module, err := filepath.Abs("../../../..")
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp("", "tollgate-faulty-")
	if err != nil {
		return "", err
	}
	overlay := map[string]string{}
	for _, c := range []change{
		{filepath.Join(std, "time/time.go"), "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n", `
var clockOffset int64

func readClock() {
	if text, err := readFile("clock"); err == nil {
		if n, err := atoi(text); err == nil {
			clockOffset = int64(n)
		}
	}
}

func init() {
	readClock()
	go func() {
		for {
			Sleep(10 * Millisecond)
			readClock()
		}
	}()
}

func Now() Time {
	sec, nsec, mono := runtimeNow()
	sec += clockOffset
`},
		{filepath.Join(std, "net/hook_unix.go"), `"/etc/hosts"`, `"hosts"`},
		{filepath.Join(std, "net/hosts.go"), "cacheMaxAge = 5 * time.Second", "cacheMaxAge = 0"},
		{filepath.Join(module, "server/middleware.go"), "	h := row.handle\n", `	inner := row.handle
	h := func(r *request) error {
		if len(r.http.Request.Header.Peek("X-Panic")) > 0 {
			panic("as asked")
		}
		return inner(r)
	}
`},
	} {
		if err := c.apply(folder, overlay); err != nil {
			return "", err
		}
	}
	text, _ := json.Marshal(map[string]any{"Replace": overlay})
	file := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", err
	}
	path := filepath.Join(folder, "tollgate")
	output, err := exec.Command("go", "build", "-overlay", file, "-o", path, "tollgate/cmd/tollgate").CombinedOutput()
	if err != nil {
		return "", &buildError{err, string(output)}
	}
	return path, nil
}

type buildError struct {
	err    error
	output string
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.output }

func (c change) apply(folder string, overlay map[string]string) error {
	source, err := os.ReadFile(c.file)
	if err != nil {
		return err
	}
	if !strings.Contains(string(source), c.old) {
		return &buildError{os.ErrNotExist, c.file + " no longer has: " + c.old}
	}
	changed := filepath.Join(folder, strconv.Itoa(len(overlay))+".go")
	overlay[c.file] = changed
	return os.WriteFile(changed, []byte(strings.Replace(string(source), c.old, c.new, 1)), 0o600)
}

// setClock moves the wall clock of a faulty node.
func setClock(t *testing.T, n *e2e.Node, seconds int) {
	t.Helper()
	replaceFile(t, filepath.Join(n.Dir(), "clock"), strconv.Itoa(seconds))
}

// replaceFile writes a file that only we may read, in one step.
func replaceFile(t *testing.T, file, content string) {
	t.Helper()
	err := os.WriteFile(file+".next", []byte(content), 0o600)
	if err == nil {
		err = os.Rename(file+".next", file)
	}
	if err != nil {
		t.Fatal(err)
	}
}
