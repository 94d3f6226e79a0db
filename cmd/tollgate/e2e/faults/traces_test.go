//go:build faults

package faults

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// watch runs MONITOR and returns what Redis has run since it was last asked, less scripts' inner
// commands and what nodes do by themselves.
func watch(t *testing.T, redis *redistest.Server) (seen func() []string) {
	t.Helper()
	conn, err := net.Dial("tcp", redis.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, "MONITOR\r\n")
	lines := make(chan string, 100_000)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(conn)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
	}()
	return func() []string {
		time.Sleep(20 * time.Millisecond)
		var names []string
		for {
			select {
			case line := <-lines:
				if name := commandOf(line); name != "" {
					names = append(names, name)
				}
			default:
				return names
			}
		}
	}
}

// commandOf is the command of a line such as `+17.1 [0 127.0.0.1:6] "GET" "k"`; "" for what does
// not belong to a request.
func commandOf(line string) string {
	_, rest, found := strings.Cut(line, "] ")
	if !found || strings.Contains(line, " lua] ") {
		return ""
	}
	fields := strings.SplitN(rest, " ", 4)
	name := strings.ToUpper(strings.Trim(fields[0], `"`))
	switch name {
	case "PING", "INFO", "TIME", "CONFIG", "ACL", "ECHO", "CLIENT", "HELLO", "XADD", "PUBLISH", "EXPIRE", "PEXPIRE":
		return "" // probes, and events, which are written without anybody waiting
	case "HMGET", "HGETALL":
		if strings.Contains(rest, ":keys\"") {
			return "" // the key set, which each node reads once a second
		}
	case "GET", "EVALSHA", "EVAL":
		if strings.Contains(rest, ":beat:") || strings.Contains(rest, ":events\"") || strings.Contains(rest, ":families:") {
			return "" // what nodes do once a second, events, and the listing, which is written while the tokens are signed
		}
	}
	return name
}

// steady is how long a node may read anew what it has just written, the key set of its start included.
const steady = 6 * time.Second

func TestTraces_CommandsOfEachFlow(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 1, redis.Addr)
	n := in.nodes[0]
	seen := watch(t, redis)
	login := in.alice.Login(t, n, in.web)
	service := in.service(t)
	time.Sleep(steady)
	var parts []string
	ok := true
	measure := func(name string, most int, prepare, do func()) {
		best, fewest := []string(nil), 99
		for range 5 { // the shortest: scripts and caches are filled once, and what a node does by itself may fall in between
			if prepare != nil {
				prepare()
			}
			seen()
			before := roundTrips(n)
			do()
			fewest = min(fewest, roundTrips(n)-before)
			if got := seen(); best == nil || len(got) < len(best) {
				best = append([]string{}, got...)
			}
		}
		parts = append(parts, fmt.Sprintf("%s: %d (%s)", name, fewest, list(best)))
		ok = ok && fewest <= most
	}
	measure("/validate", 0, nil, func() { n.Validate(service, "").Want(t, 200) })
	measure("/introspect", 0, nil, func() { n.Introspect(in.apps.Gateway, service).Want(t, 200) })
	measure("/userinfo", 0, nil, func() { n.Userinfo(login.Access) })
	measure("client_credentials", 0, nil, func() { n.ClientCredentials(in.apps.Service).Want(t, 200) })
	measure("refresh", 1, nil, func() { login = n.Refresh(in.web, login.Refresh).Want(t, 200) })
	measure("/revoke of a refresh token", 1, func() { login = in.alice.Login(t, n, in.web) }, func() { n.Revoke(in.web, login.Refresh).Want(t, 200) })
	var code, verifier string
	measure("code", 1, func() { code, verifier = in.code(t, n) }, func() { n.Exchange(in.web, code, verifier).Want(t, 200) })
	measure("/revoke", 1, func() { service = in.service(t) }, func() { n.Revoke(in.apps.Service, service).Want(t, 200) })
	record(t, "R3", ok, "round trips (commands): %s", strings.Join(parts, "; "))
}

// roundTrips is how often a node has waited for Redis on behalf of a request.
func roundTrips(n *e2e.Node) (total int) {
	for line := range strings.Lines(string(n.GetOps("/metrics").Body)) {
		rest, found := strings.CutPrefix(line, `tollgate_store_duration_seconds_count{op="`)
		if !found {
			continue
		}
		op, value, _ := strings.Cut(strings.TrimSpace(rest), `"} `)
		switch op {
		case "ping", "info", "get_keys", "raise_beat", "append_events", "read_events", "list_family", "other":
		default:
			count, _ := strconv.Atoi(value)
			total += count
		}
	}
	return total
}
