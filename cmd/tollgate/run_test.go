package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// beTollgate makes the test binary behave as tollgate itself, so that tests see what users see.
const beTollgate = "TEST_BINARY_IS_TOLLGATE"

func TestMain(m *testing.M) {
	if os.Getenv(beTollgate) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// tollgate prepares a command line. env are settings on top of an empty TOLLGATE_ environment.
func tollgate(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "TOLLGATE_") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.Env = append(append(cmd.Env, beTollgate+"=1"), env...)
	return cmd
}

// result is what a command left behind.
type result struct {
	out, err string
	code     int
}

// run runs a command line to its end.
func run(t *testing.T, env []string, input string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := tollgate(t, env, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &errs
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// mustRun is run of a command that must succeed; it returns what it printed.
func mustRun(t *testing.T, env []string, input string, args ...string) string {
	t.Helper()
	r := run(t, env, input, args...)
	if r.code != 0 {
		t.Fatalf("tollgate %s: exit %d: %s", strings.Join(args, " "), r.code, r.err)
	}
	return r.out
}

// process is a tollgate that keeps running.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	out output
	end chan error
}

// output collects what a process writes, readable while it runs.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: tollgate(t, env, args...), end: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.end <- p.cmd.Wait() }()
	t.Cleanup(func() { p.cmd.Process.Kill() })
	return p
}

// await returns the first submatch of a pattern, once the process has written it.
func (p *process) await(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	eventually(p.t, 10*time.Second, func() error {
		if found = re.FindStringSubmatch(p.out.String()); found == nil {
			return fmt.Errorf("%q is not in the output:\n%s", pattern, p.out.String())
		}
		return nil
	})
	return found[len(found)-1]
}

// stop sends a signal and returns how long the process took to end, and how it ended.
func (p *process) stop(signal os.Signal) (took time.Duration, err error) {
	p.t.Helper()
	begin := time.Now()
	p.cmd.Process.Signal(signal)
	select {
	case err := <-p.end:
		return time.Since(begin), err
	case <-time.After(15 * time.Second):
		p.t.Fatalf("still running 15 s after %v:\n%s", signal, p.out.String())
		return 0, nil
	}
}

// eventually fails the test with the last error if there still is one after the time.
func eventually(t *testing.T, within time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// status returns the status of a GET, 0 where nobody answers.
func status(url string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// body returns what a GET is answered with, whatever the status.
func body(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func awaitStatus(t *testing.T, url string, want int) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		if got := status(url); got != want {
			return fmt.Errorf("%s answers %d, want %d", url, got, want)
		}
		return nil
	})
}

// installation is a folder with a configuration and its secrets, for one Redis.
type installation struct {
	env    []string
	dir    string
	secret []string // must show nowhere
}

func install(t *testing.T, redisAddr string, more ...string) *installation {
	t.Helper()
	in := &installation{dir: t.TempDir()}
	master := strings.TrimSpace(mustRun(t, nil, "", "key", "new-master"))
	const adminToken = "an-admin-token-of-this-test"
	in.secret = []string{master, adminToken}
	in.write(t, "master.key", master+"\n")
	in.write(t, "admin.token", adminToken+"\n")
	in.write(t, "tollgate.yaml", fmt.Sprintf(`issuer: http://127.0.0.1:8080
listen: {public: "127.0.0.1:0", ops: "127.0.0.1:0"}
redis: {addresses: [%q], timeout: 2s}
keys: {master_key_file: master.key}
admin: {token_file: admin.token}
`, redisAddr))
	in.env = append(more, "TOLLGATE_CONFIG="+filepath.Join(in.dir, "tollgate.yaml"))
	return in
}

func (in *installation) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(in.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
