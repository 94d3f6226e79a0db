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

	"tollgate/cmd/tollgate/e2e"
)

const (
	logTime     = 2 * time.Second       // at most, for a line to be written
	probeFloor  = 20 * time.Millisecond // less is the machine's noise
	probeChance = 5                     // so many probes, one of which must be in time
)

// visited is a node that a row attacks, as it was before.
type visited struct {
	node   *e2e.Node
	token  string // a good one there
	pid    int
	logged int // bytes of its log
	series int // of its metrics
}

// visit begins to watch a node, from the line on that it is about to write or is writing.
func (x *trial) visit(n *e2e.Node, token string) {
	x.Helper()
	series := len(seriesOf(n.GetOps("/metrics").Want(x, 200).Body))
	x.visits = append(x.visits, &visited{n, token, n.PID, strings.LastIndexByte(n.Logs(), '\n') + 1, series})
}

// after looks at what must hold after every row.
func (x *trial) after() {
	x.Helper()
	lines := map[string]int{}
	for _, v := range x.visits {
		select {
		case <-v.node.Ended():
			x.Fatalf("%v is gone", v.node)
		default:
		}
		if v.node.PID != v.pid {
			x.Errorf("%v was another process before", v.node)
		}
		last := x.answersSoon(v)
		metrics := v.node.GetOps("/metrics").Body
		if series := len(seriesOf(metrics)); series != v.series {
			x.Errorf("%d series of metrics, there were %d", series, v.series)
		}
		log := x.logOf(v, last)
		for _, canary := range x.canaries {
			if strings.Contains(log, canary) {
				x.Errorf("a secret is in the log: %s", lineWith(log, canary))
			}
			if bytes.Contains(metrics, []byte(canary)) {
				x.Error("a secret is in the metrics")
			}
		}
		x.countLines(log, lines)
	}
	answers := map[string]int{}
	for _, a := range x.seen {
		if id := a.Header.Get("X-Request-Id"); id != "" {
			answers[id]++
		}
	}
	for id, n := range answers {
		if lines[id] != n {
			x.Errorf("%d lines in the log for %d answers to request %s", lines[id], n, id)
		}
	}
	if !x.Failed() && x.store == repeatsStore {
		x.repeat()
	}
}

// answersSoon wants a good request to be answered as fast as before, or nearly. It returns the id of
// the last that it sent.
func (x *trial) answersSoon(v *visited) (id string) {
	x.Helper()
	limit := max(2*x.baseline, probeFloor)
	fastest := time.Duration(1 << 62)
	for range probeChance {
		var took time.Duration
		var err error
		if took, id, err = probe(v.node, v.token); err != nil {
			x.Error("afterwards: ", err)
			return id
		}
		if fastest = min(fastest, took); fastest <= limit {
			return id
		}
	}
	x.Errorf("afterwards a good request takes %s, at most %s before", fastest, x.baseline)
	return id
}

// probe is a good request on a connection of its own. It returns how long it took, and its id.
func probe(n *e2e.Node, token string) (took time.Duration, id string, err error) {
	start := time.Now()
	conn, err := net.Dial("tcp", hostOf(n.URL))
	if err != nil {
		return 0, "", err
	}
	defer conn.Close()
	conn.SetDeadline(start.Add(answerTime))
	fmt.Fprintf(conn, "GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, "", err
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		return 0, "", fmt.Errorf("a good token is answered %d", resp.StatusCode)
	}
	return time.Since(start), resp.Header.Get("X-Request-Id"), nil
}

// logOf is what a node has logged since it was visited, up to the line of the last request.
func (x *trial) logOf(v *visited, last string) string {
	x.Helper()
	for end := time.Now().Add(logTime); ; time.Sleep(5 * time.Millisecond) {
		log := v.node.LogsSince(v.logged)
		if i := strings.LastIndex(log, `"request_id":"`+last+`"`); i >= 0 && last != "" {
			if end := strings.IndexByte(log[i:], '\n'); end >= 0 {
				return log[:i+end]
			}
		}
		if time.Now().After(end) {
			x.Errorf("%v does not log request %s", v.node, last)
			return log
		}
	}
}

// countLines counts the lines of each request. Every line must be JSON, and without a byte of control.
func (x *trial) countLines(log string, lines map[string]int) {
	x.Helper()
	for line := range strings.SplitSeq(log, "\n") {
		if x.store == "memory" && !strings.HasPrefix(line, "{") {
			continue // dev prints for people besides
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return r < 0x20 || 0x7f <= r && r < 0xa0 }); i >= 0 {
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
			if i := strings.LastIndexByte(strings.TrimSpace(line), ' '); i >= 0 {
				all[line[:i]] = true
			}
		}
	}
	return all
}
