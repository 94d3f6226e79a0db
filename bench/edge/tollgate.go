//go:build linux

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// The demo clients of `tollgate dev`, and what each is asked for.
const (
	serviceID, serviceSecret = "demo-service", "demo-service-secret"
	gatewayID, gatewaySecret = "demo-gateway", "demo-gateway-secret"
	webID, webSecret         = "demo-web", "demo-web-secret"
)

// node is a Tollgate with its defaults, but that its tokens live as long as the longest run: its log
// goes to a file, its events to its store.
type node struct {
	*server
	binary string
}

// startNode runs `tollgate dev` on the server's core.
func (p *processes) startNode(binary, name string, args ...string) (*node, error) {
	return p.startNodeOn(serverCore, binary, name, args...)
}

func (p *processes) startNodeOn(core, binary, name string, args ...string) (*node, error) {
	address, ops := freeAddress(), freeAddress()
	s, err := p.serve(core, name, address, binary, append([]string{"dev", "--listen", address, "--ops-listen", ops}, args...)...)
	if err != nil {
		return nil, err
	}
	s.ops = ops
	n := &node{s, binary}
	for range 200 {
		if isReady(n.url("/readyz")) {
			return n, nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	return nil, fmt.Errorf("%s is never ready", name)
}

func (n *node) url(path string) string { return "http://" + n.address + path }

// get is a request with a bearer token, as a gateway sends it.
func get(address, path, token string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, address, token)
}

// post is a request of a client with a form.
func post(address, path, id, secret, form string) []byte {
	return body(address, path, id, secret, "application/x-www-form-urlencoded", form)
}

func body(address, path, id, secret, kind, text string) []byte {
	basic := base64.StdEncoding.EncodeToString([]byte(id + ":" + secret))
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		path, address, basic, kind, len(text), text)
}

const clientCredentials = "grant_type=client_credentials"

// mint gets access tokens of the demo service.
func (n *node) mint(count int) ([]string, error) {
	tokens, errs := make([]string, count), make([]error, count)
	slots := make(chan struct{}, 16)
	var group sync.WaitGroup
	for i := range tokens {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			tokens[i], errs[i] = n.token()
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

func (n *node) token() (string, error) {
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	_, text, err := n.ask(post(n.address, "/token", serviceID, serviceSecret, clientCredentials))
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err == nil && answer.AccessToken == "" {
		err = fmt.Errorf("no token: %s", text)
	}
	return answer.AccessToken, err
}

var asking = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: 10 * time.Second}

// ask sends a request that is given in bytes.
func (n *node) ask(raw []byte) (*http.Response, []byte, error) { return askAt(n.address, raw) }

func askAt(address string, raw []byte) (*http.Response, []byte, error) {
	head, text, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	first := strings.Fields(lines[0])
	r, err := http.NewRequest(first[0], "http://"+address+first[1], bytes.NewReader(text))
	if err != nil {
		return nil, nil, err
	}
	for _, line := range lines[1:] {
		if name, value, _ := strings.Cut(line, ": "); name != "Host" && name != "Content-Length" {
			r.Header.Set(name, value)
		}
	}
	resp, err := asking.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return resp, got, err
}

// answerTo is what Tollgate answers to a request, for a bare server to repeat.
func (n *node) answerTo(raw []byte) (*bareAnswer, error) {
	resp, text, err := n.ask(raw)
	if err != nil {
		return nil, err
	}
	a := &bareAnswer{Status: resp.StatusCode, Type: resp.Header.Get("Content-Type"), Body: string(text)}
	for name, values := range resp.Header {
		if name != "Content-Type" && name != "Content-Length" && name != "Date" {
			a.Headers = append(a.Headers, [2]string{name, values[0]})
		}
	}
	return a, nil
}

// startBare runs a bare fasthttp server that repeats an answer.
func (p *processes) startBare(name string, a *bareAnswer) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	a.Listen = freeAddress()
	text, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	file := p.file(name+".json", text)
	return p.serve(serverCore, name, a.Listen, "sh", "-c", `exec "$0" bare < "$1"`, self, file)
}

// refreshTokens signs the demo user in, once for each, at the web app.
func (n *node) refreshTokens(count int) ([]string, error) {
	var all []string
	for range count {
		cmd := exec.Command(n.binary, "flow", "authorization-code", "--issuer", n.url(""), "--client-id", webID, "--client-secret", webSecret,
			"--redirect-uri", "http://127.0.0.1:8085/callback", "--scope", "offline_access orders:read", "--login", "alice", "-o", "json")
		cmd.Stdin, cmd.Stderr = strings.NewReader("alice-password\n"), os.Stderr
		printed, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("sign in for a refresh token: %w", err)
		}
		var answer struct {
			RefreshToken string `json:"refresh_token"`
		}
		if err := json.Unmarshal(printed, &answer); err != nil {
			return nil, err
		}
		all = append(all, answer.RefreshToken)
	}
	return all, nil
}

func refreshForm(token string) string {
	return url.Values{"grant_type": {"refresh_token"}}.Encode() + "&refresh_token=" + token
}
