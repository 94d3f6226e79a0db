//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// growthSteps are how many live tokens there are, and after the last of them how many revoked.
var growthSteps = []int{1_000, 100_000, 1_000_000}

const growthRevoked = 1_000_000

// growthStep is what the same load costs among so many tokens.
type growthStep struct {
	Live, Revoked int
	About         string // what is asked
	sample
	Bytes    float64 // of the heap, per token or revocation that came with this step
	Resident float64 // MB of the process
	Pauses   int     // of the garbage collector, in two seconds of the load with collections forced
	PauseP99 float64 // milliseconds
}

// measureGrowth runs a node of its own, whose cache holds all tokens, and writes no log line per request:
// there would be millions.
func (c *comparison) measureGrowth() error {
	for name, value := range map[string]string{
		"TOLLGATE_CACHE__BYTES": "4GiB", "TOLLGATE_LOG__LEVEL": "error",
	} {
		os.Setenv(name, value)
		defer os.Unsetenv(name)
	}
	n, err := c.startNode(c.tollgate, "tollgate-growth", "--signing-alg", "EdDSA")
	if err != nil {
		return err
	}
	secret, err := n.register("growth")
	if err != nil {
		return err
	}
	defer fmt.Fprintln(os.Stderr)
	return part(loadCore, "growth", grower{Address: n.address, Ops: n.ops, PID: n.pid, Secret: secret, Measure: 2 * c.measure}, &c.growth)
}

// register makes a client whose scope is so long that its EdDSA tokens are as long as usual RS256 ones.
func (n *node) register(id string) (secret string, err error) {
	scope := "orders:read"
	for i := range 12 {
		scope += fmt.Sprintf(" growth:scope%02d", i)
	}
	scope += " growth:more"
	text, err := json.Marshal(map[string]any{"client_id": id, "grant_types": []string{"client_credentials"}, "scope": scope})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequest(http.MethodPost, "http://"+n.ops+"/admin/v1/clients", strings.NewReader(string(text)))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer dev-admin-token")
	r.Header.Set("Content-Type", "application/json")
	resp, err := asking.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct {
		Secret string `json:"client_secret"`
	}
	err = json.NewDecoder(resp.Body).Decode(&answer)
	if err == nil && answer.Secret == "" {
		err = fmt.Errorf("the admin API answers %d without a secret", resp.StatusCode)
	}
	return answer.Secret, err
}

// grower issues tokens, shows all of them to the node once, and measures what a hit among them costs. It
// works on the load's core, where the tokens are, too.
type grower struct {
	Address, Ops string
	PID          int
	Secret       string
	Measure      time.Duration

	live  [][]byte // requests of validation
	steps []growthStep
}

func grow() error {
	var g grower
	if err := json.NewDecoder(os.Stdin).Decode(&g); err != nil {
		return err
	}
	debug.SetGCPercent(25) // millions of requests are kept here: they need not be there twice
	for _, n := range growthSteps {
		if err := g.growTo(n); err != nil {
			return err
		}
	}
	if err := g.revoke(growthRevoked); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(g.steps)
}

// growTo makes the live tokens so many.
func (g *grower) growTo(n int) error {
	tokens, err := g.mint(n - len(g.live))
	if err != nil {
		return err
	}
	before, err := g.heap()
	if err != nil {
		return err
	}
	fresh := g.validations(tokens)
	if err := g.once(fresh, "200"); err != nil {
		return err
	}
	after, err := g.heap()
	if err != nil {
		return err
	}
	g.live = append(g.live, fresh...)
	about := fmt.Sprintf("hits, tokens of %d bytes in turn", len(tokens[0]))
	return g.step(about, g.live, "200", 0, (after-before)/float64(len(fresh)))
}

// revoke ends other tokens than the live ones, and measures both kinds.
func (g *grower) revoke(n int) error {
	tokens, err := g.mint(n)
	if err != nil {
		return err
	}
	before, err := g.heap()
	if err != nil {
		return err
	}
	var revocations [][]byte
	for _, tok := range tokens {
		revocations = append(revocations, post(g.Address, "/revoke", "growth", g.Secret, "token="+tok))
	}
	err = g.once(revocations, "200")
	revocations = nil // gigabytes
	if err != nil {
		return err
	}
	after, err := g.heap()
	if err != nil {
		return err
	}
	if err := g.step("hits, as above", g.live, "200", n, (after-before)/float64(n)); err != nil {
		return err
	}
	return g.step("revoked tokens, 401", g.validations(tokens), "401", n, 0)
}

// step measures requests in random order.
func (g *grower) step(about string, requests [][]byte, status string, revoked int, bytes float64) error {
	shuffled := slices.Clone(requests)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	f, err := g.drive(&job{Requests: shuffled, Status: status, Warm: g.Measure / 5, Measure: g.Measure})
	if err != nil {
		return err
	}
	s := growthStep{Live: len(g.live), Revoked: revoked, About: about, sample: f.sample(1), Bytes: bytes}
	resident, err := g.gauges()
	if err != nil {
		return err
	}
	s.Resident = resident["process_resident_memory_bytes"] / 1e6
	s.Pauses, s.PauseP99, err = g.pauses(shuffled, status)
	g.steps = append(g.steps, s)
	return err
}

func (g *grower) mint(n int) ([]string, error) {
	fmt.Fprintf(os.Stderr, "\r\x1b[Kgrowth: %d tokens beside %d", n, len(g.live))
	ask := post(g.Address, "/token", "growth", g.Secret, clientCredentials)
	f, err := g.drive(&job{Requests: slices.Repeat([][]byte{ask}, n), Once: true, Collect: "access_token", Status: "200", Measure: 10 * time.Minute})
	if err == nil && len(f.Tokens) != n {
		err = fmt.Errorf("%d of %d tokens came", len(f.Tokens), n)
	}
	if err != nil {
		return nil, err
	}
	return f.Tokens, nil
}

func (g *grower) validations(tokens []string) [][]byte {
	requests := make([][]byte, len(tokens))
	for i, tok := range tokens {
		requests[i] = get(g.Address, "/validate", tok)
	}
	return requests
}

func (g *grower) once(requests [][]byte, status string) error {
	_, err := g.drive(&job{Requests: requests, Once: true, Status: status, Measure: 10 * time.Minute})
	return err
}

func (g *grower) drive(j *job) (*found, error) {
	j.Address, j.PID, j.Connections = g.Address, g.PID, connections
	f, err := j.drive()
	switch {
	case err != nil:
		return nil, err
	case f.Wrong > 0:
		return nil, errors.New("a wrong answer: " + f.Sample)
	}
	return f, nil
}
