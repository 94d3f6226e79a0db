//go:build attacks

package attacks

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tollgate/redisx/redistest"
)

// gateway is nginx as the README sets it up, in front of an API that notes what reaches it.
type gateway struct {
	address string
	mu      sync.Mutex
	got     http.Header // of the last request to the API; nil: none came
}

const readme = top + "/README.md"

// nginx starts one; nil where nginx is not installed.
func (x *trial) nginx() *gateway {
	x.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		return nil
	}
	g := &gateway{address: redistest.FreeAddr(x.T)}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.got = r.Header.Clone()
		g.mu.Unlock()
	}))
	x.Cleanup(api.Close)
	text, err := os.ReadFile(readme)
	if err != nil {
		x.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "```nginx\n")
	block, _, _ = strings.Cut(block, "```")
	if !found || !strings.Contains(block, "auth_request") {
		x.Fatal("the README no longer shows nginx")
	}
	block = strings.NewReplacer("http://127.0.0.1:8080", x.node.URL, "http://api", api.URL).Replace(block)
	folder := x.TempDir()
	config := fmt.Sprintf("daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error;\nevents {}\nhttp {\naccess_log off; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;\nserver {\nlisten %[2]s;\n%[3]s}\n}\n", folder, g.address, block)
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		x.Fatal(err)
	}
	process := exec.Command("sh", "-c", `nginx "$@" & cat; kill -9 $!`, "sh", "-p", folder, "-c", file, "-e", filepath.Join(folder, "error"))
	stop, err := process.StdinPipe() // closed also if we die
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		x.Fatal(err)
	}
	x.Cleanup(func() {
		stop.Close()
		process.Wait()
	})
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", g.address); err == nil {
			conn.Close()
			return g
		}
		if time.Since(start) > 5*time.Second {
			said, _ := os.ReadFile(filepath.Join(folder, "error"))
			x.Fatalf("nginx does not come up: %s", said)
		}
	}
}

// through sends a request through nginx, header lines as they stand, and returns the status and what
// reached the API: nil if nothing did.
func (x *trial) through(g *gateway, path, lines string) (int, http.Header) {
	x.Helper()
	g.mu.Lock()
	g.got = nil
	g.mu.Unlock()
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		x.Fatal(err)
	}
	defer conn.Close()
	text := "GET " + path + " HTTP/1.1\r\nHost: api.example\r\n" + lines + "\r\n"
	fmt.Fprint(conn, text)
	status := x.readAll(conn, text)[0].Status
	g.mu.Lock()
	defer g.mu.Unlock()
	return status, g.got
}
