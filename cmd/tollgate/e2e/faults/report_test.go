//go:build faults

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// table lists every fault with its goal; tests record what they measure under its number.
var table = []*row{
	{id: "F01", fault: "Redis is down at start", goal: "alive ≤ 1 s, not ready, metadata served; ready ≤ 2 s after Redis"},
	{id: "F02", fault: "Redis is killed under load", goal: "every answer ≤ 250 ms, good or 503; usual ≤ 2 s after its return"},
	{id: "F03", fault: "Redis hangs under load", goal: "every answer ≤ 300 ms; nothing accepted after 1.0 s, then 503"},
	{id: "F04", fault: "Redis answers 200 ms later", goal: "≥ 90 % of what is offered on cache hits; p99 of misses ≤ 450 ms; goroutines < 2×"},
	{id: "F06", fault: "Sentinel fails over to a replica, cut off 100 ms before", goal: "unavailable ≤ down-after + 2 s, or 1 s after the promotion where Sentinels take longer; nothing undone that all replicas have confirmed"},
	{id: "F07", fault: "a Cluster primary is killed, its replica cut off 100 ms before", goal: "other slots undisturbed; its own back ≤ 15 s; in strict mode nothing undone"},
	{id: "F08", fault: "Cluster slots move under load", goal: "no error that a client sees"},
	{id: "F09", fault: "Cluster is down, a slot is half moved, keys in two slots", goal: "503, never 500; never CROSSSLOT"},
	{id: "F11", fault: "Redis is out of memory (noeviction)", goal: "checks go on; issuing 503; /revoke works or says 503"},
	{id: "F12", fault: "Redis evicts", goal: "said in the log and in /healthz"},
	{id: "F13", fault: "the reply is lost after the commit", goal: "10,000 of codes and of refresh tokens: no double issue; an honest retry ≥ 99.9 %, with the identical successor"},
	{id: "F14", fault: "Redis loads its data", goal: "503 until it is loaded"},
	{id: "F16", fault: "a script makes Redis BUSY; our own scripts are slow", goal: "503 meanwhile; 99 % of ours ≤ 1 ms, none > 5 ms"},
	{id: "F17", fault: "connections to Redis are killed, 1,000 times", goal: "nothing revoked is accepted after 100 ms"},
	{id: "F18", fault: "invalidations come seconds late", goal: "nothing revoked is accepted after 5 s"},
	{id: "F19", fault: "messages are lost while clients and keys change", goal: "nodes agree ≤ 5 s"},
	{id: "F21", fault: "Redis moves to another IP address", goal: "connected ≤ 5 s"},
	{id: "F22", fault: "TLS certificates expire and are replaced", goal: "no restart needed"},
	{id: "F23", fault: "wrong password; a permission is missing", goal: "not ready ≤ 1 s, a clear line, no secret in it"},
	{id: "F24", fault: "the password changes while serving", goal: "no error"},
	{id: "F26", fault: "the wall clock jumps an hour, forward and back", goal: "no crash, no 500, no credential lost; nothing revoked is accepted"},
	{id: "F27", fault: "clocks of nodes differ by 30 s", goal: "tokens of one are good on the other; nothing revoked is accepted"},
	{id: "F28", fault: "the clock of Redis jumps an hour", goal: "nothing expired or revoked is accepted"},
	{id: "F29", fault: "100 rolling restarts of two nodes behind a balancer", goal: "no failed request; exit ≤ 10 s"},
	{id: "F31", fault: "1,000 SIGKILLs under load", goal: "nothing acknowledged is lost, nothing issued twice; ready ≤ 1 s"},
	{id: "F32", fault: "handlers panic", goal: "500 for that request only; the process goes on"},
	{id: "F33", fault: "the reader of the log hangs", goal: "≥ 95 % of the throughput; lost lines are counted"},
	{id: "F34", fault: "the process has no file descriptors left", goal: "no crash, < 10 % CPU, recovers ≤ 1 s"},
	{id: "F36", fault: "one CPU, three times the load it can take", goal: "goodput ≥ 80 % of the peak; p99 ≤ 2×"},
	{id: "F37", fault: "a storm of logins", goal: "p99 of /validate ≤ 2×"},
	{id: "F38", fault: "the cache of all hot tokens is emptied", goal: "≤ 1 question per token to Redis; p99 ≤ 3× for ≤ 1 s"},
	{id: "F39", fault: "keys rotate all the time on three nodes under load", goal: "1,000 times: no token fails"},
	{id: "F41", fault: "the TLS certificate file becomes garbage", goal: "the old one is kept"},
	{id: "F42", fault: "rolling upgrade, and back", goal: "no error, no session lost"},
	{id: "F43", fault: "one node is cut off from Redis", goal: "what others revoke is accepted there ≤ 1.0 s, then 503"},
	{id: "F44", fault: "Redis is emptied; its data become yesterday's", goal: "nothing revoked or used comes back; one event tells"},
	{id: "F46", fault: "a gateway gives up after 200 ms", goal: "/validate p99.9 ≤ 50 ms warm, ≤ 200 ms cold"},
	{id: "F47", fault: "clients retry as hard as they can during an outage", goal: "attempts at Redis ≤ 1.1 × requests"},
	{id: "F48", fault: "cold start under full load", goal: "the first 1,000 requests after ready succeed"},
	{id: "R1", fault: "none: revocation on one node, seen on another", goal: "2,000 under load: p99 ≤ 10 ms, max ≤ 250 ms"},
	{id: "R2", fault: "none: what a full run leaves in Redis", goal: "after the longest TTL nothing but clients, users, consents, keys; no secret anywhere"},
	{id: "R3", fault: "none: commands per flow", goal: "one round trip per flow; none for client_credentials and hits of /validate, /introspect, /userinfo"},
	{id: "R4", fault: "none, then cut connections: 100 callers on two nodes with one code, one refresh token", goal: "10,000 races for each: one success, one successor"},
}

type row struct {
	id, fault, goal string
	verdict         string // "" was not run
	measured        string
}

// said is the verdict in words.
func (r *row) said() string {
	if r.verdict == "" {
		return "not run"
	}
	return r.verdict
}

const (
	holds   = "holds"
	misses  = "does not hold"
	missing = "not there yet"
)

var recording sync.Mutex

// record notes what a test measured.
func record(t *testing.T, id string, ok bool, format string, args ...any) {
	t.Helper()
	verdict := misses
	if ok && !t.Failed() {
		verdict = holds
	}
	note(t, id, verdict, fmt.Sprintf(format, args...))
}

// skip notes why a fault was not tried.
func skip(t *testing.T, id, why string) {
	t.Helper()
	note(t, id, "", why)
}

// absent notes that what a fault is about does not exist yet.
func absent(t *testing.T, id, what string) {
	t.Helper()
	note(t, id, missing, what)
}

func note(t *testing.T, id, verdict, measured string) {
	t.Helper()
	recording.Lock()
	defer recording.Unlock()
	for _, r := range table {
		if r.id == id {
			r.verdict, r.measured = verdict, measured
			t.Logf("%s %s: %s (goal: %s)", id, r.said(), measured, r.goal)
			return
		}
	}
	t.Fatalf("%s is not in the table", id)
}

func TestMain(m *testing.M) {
	code := m.Run()
	e2e.RemoveBinary()
	if faulty.path != "" {
		os.RemoveAll(filepath.Dir(faulty.path))
	}
	text := render()
	fmt.Print(text)
	if file := os.Getenv("FAULTS_REPORT"); file != "" {
		if err := e2e.Publish(file, beginMark, endMark, text); err != nil {
			fmt.Fprintln(os.Stderr, "faults: ", err)
			code = 1
		}
	}
	os.Exit(code)
}

// render writes the table in Markdown.
func render() string {
	var b strings.Builder
	count := map[string]int{}
	for _, r := range table {
		count[r.verdict]++
	}
	fmt.Fprintf(&b, "%d of %d hold, %d do not, %d are about what is not there yet, %d were not run.\n\n",
		count[holds], len(table), count[misses], count[missing], count[""])
	fmt.Fprintf(&b, "%s; %s; `make faults`\n\n", e2e.Machine(), time.Now().UTC().Format("2006-01-02 15:04 UTC"))
	b.WriteString("| | fault | measured | goal | |\n|---|---|---|---|---|\n")
	for _, r := range table {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.id, r.fault, r.measured, r.goal, r.said())
	}
	return b.String()
}

const (
	beginMark = "<!-- measured by make faults: begin -->\n"
	endMark   = "<!-- measured by make faults: end -->\n"
)
