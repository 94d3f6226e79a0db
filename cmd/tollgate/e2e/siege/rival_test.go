//go:build siege

package siege

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// beRival makes this binary a rival.
const beRival = "SIEGE_RIVAL"

// rivalServer is Go's own HTTP server with our limits, and short answers to what crowds ask for. It
// prints its address, and ends when standard input does.
func rivalServer() {
	document, refusal := strings.Repeat("a", 2048), strings.Repeat("a", 64)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /validate", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, document) })
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10)); err == nil {
			http.Error(w, refusal, http.StatusBadRequest)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "rival: ", err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	server := http.Server{Handler: mux, ReadTimeout: talkLimit, WriteTimeout: talkLimit, IdleTimeout: idleLimit, MaxHeaderBytes: 16 << 10}
	go server.Serve(listener)
	io.Copy(io.Discard, os.Stdin)
}

// startRival runs one in a process of its own, until the test ends.
func startRival(t *testing.T) place {
	t.Helper()
	rival := exec.Command(os.Args[0], "-test.run=^$")
	rival.Env = append(os.Environ(), beRival+"=1")
	rival.Stderr = os.Stderr
	in, err := rival.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := rival.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := rival.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); rival.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("the rival does not come up: ", err)
	}
	return place{host: strings.TrimSpace(address), token: "any", pid: rival.Process.Pid}
}
