//go:build attacks

package attacks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	logTime     = 200 * time.Millisecond // lines are gathered for some milliseconds before they are written
	probeFloor  = 20 * time.Millisecond  // less is the machine's noise
	probeChance = 5                      // so many probes, one of which must be in time
)

// after looks at what must hold after every row.
func (x *trial) after() {
	x.Helper()
	select {
	case <-x.node.Ended():
		x.Fatal("the process is gone")
	default:
	}
	x.answersSoon()
	metrics := x.node.GetOps("/metrics").Body
	if series := seriesOf(metrics); len(series) != x.series {
		x.Errorf("%d series of metrics, there were %d", len(series), x.series)
	}
	time.Sleep(logTime)
	log := x.node.LogsSince(x.logged)
	for _, canary := range x.canaries {
		if strings.Contains(log, canary) {
			x.Errorf("a secret is in the log: %s", lineWith(log, canary))
		}
		if bytes.Contains(metrics, []byte(canary)) {
			x.Error("a secret is in the metrics")
		}
	}
	x.logIsClean(log)
}

// answersSoon wants a good request to be answered as fast as before, or nearly.
func (x *trial) answersSoon() {
	x.Helper()
	limit := max(2*x.baseline, probeFloor)
	fastest := time.Duration(1 << 62)
	for range probeChance {
		took, err := x.probe()
		if err != nil {
			x.Error("afterwards: ", err)
			return
		}
		if fastest = min(fastest, took); fastest <= limit {
			return
		}
	}
	x.Errorf("afterwards a good request takes %s, at most %s before", fastest, x.baseline)
}

// probe is a good request on a connection of its own.
func (p *place) probe() (time.Duration, error) {
	start := time.Now()
	conn, err := net.Dial("tcp", p.address())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	conn.SetDeadline(start.Add(answerTime))
	fmt.Fprintf(conn, "GET /validate HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", p.address(), p.token)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		return 0, fmt.Errorf("a good token is answered %d", resp.StatusCode)
	}
	return time.Since(start), nil
}

// logIsClean wants one line of JSON for each request that was answered, and no byte of control in any.
// Requests that are logged by sample may have none.
func (x *trial) logIsClean(log string) {
	x.Helper()
	lines := map[string]int{}
	for line := range strings.SplitSeq(strings.TrimSpace(log), "\n") {
		if line == "" || !strings.HasPrefix(line, "{") { // what dev prints for people
			continue
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return r < 0x20 || r == 0x7f }); i >= 0 {
			x.Errorf("control character in the log: %q", line)
		}
		var entry struct {
			Route     string `json:"route"`
			RequestID string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			x.Errorf("not JSON: %q", line)
		}
		if entry.Route != "" {
			lines[entry.RequestID]++
		}
	}
	for _, a := range x.seen {
		if id := a.Header.Get("X-Request-Id"); id != "" && lines[id] > 1 {
			x.Errorf("%d lines for request %s", lines[id], id)
		}
	}
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

// seriesOf lists the names of a page of metrics, labels and all.
func seriesOf(page []byte) map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "#") {
			name, _, _ := strings.Cut(line, "} ")
			if !strings.Contains(name, "{") {
				name, _, _ = strings.Cut(line, " ")
			}
			all[name] = true
		}
	}
	return all
}
