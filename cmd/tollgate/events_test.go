package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"tollgate/flows"
	"tollgate/flows/store"
	"tollgate/flows/store/redistore"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// command runs one Redis command beside everything else.
func command(t *testing.T, addr string, args ...string) rueidis.RedisMessage {
	t.Helper()
	client, err := redisx.Open(redisx.Config{Addresses: []string{addr}, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	message, err := client.Do(t.Context(), args[0], client.B().Arbitrary(args...).Build())
	if err != nil {
		t.Fatal(args, err)
	}
	return message
}

// shown reads what a follower wrote with --output json.
func shown(t *testing.T, out string) (all []store.Event) {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(out))
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "{") {
			continue // a complaint
		}
		var e store.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err == nil { // the last line may be half of one
			all = append(all, e)
		}
	}
	return all
}

func TestEvents_FollowThroughLostConnectionsAndARestartOfRedis(t *testing.T) {
	const total = 5000
	redis := redistest.Start(t, "--appendfsync", "always")
	client, err := redisx.Open(redisx.Config{Addresses: []string{redis.Addr}, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	writer := flows.NewEventLog(redistore.New(client, "tollgate"), "writer", func(n int, err error) {
		if n > 0 {
			t.Errorf("%d events lost: %v", n, err)
		}
	})
	p := start(t, nil, "events", "--redis", redis.Addr, "--since", "1h", "--output", "json")
	for i := range total {
		writer.Add(flows.Event{Type: flows.EventLogin, Time: time.Now(), Subject: "usr_1"})
		switch {
		case i == 100: // from here on it follows live
			p.await(`"seq":100,`)
		case i == total/2:
			redis.Kill()
			p.await("waiting for the store")
			redis.Restart()
		case i%500 == 250:
			command(t, redis.Addr, "CLIENT", "KILL", "TYPE", "normal")
		case i%10 == 0:
			time.Sleep(time.Millisecond)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	writer.Close(ctx)
	deadline := time.Now().Add(15 * time.Second)
	for len(shown(t, p.out.String())) < total && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	all := shown(t, p.out.String())
	if len(all) != total {
		t.Fatalf("%d events were shown, want %d", len(all), total)
	}
	for i, e := range all {
		if e.Seq != int64(i+1) || e.ID == "" {
			t.Fatalf("event %d: %+v", i, e)
		}
	}
	if _, err := p.stop(os.Interrupt); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
}

func TestEvents_OfCommandsAndServersAreFilteredAndShown(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, redis.Addr)
	mustRun(t, in.env, "a password of bob\n", "user", "create", "bob")
	created := mustRun(t, in.env, "", "client", "create", "service", "--output", "json")
	unnamed := mustRun(t, in.env, "", "client", "create", "--output", "json")
	mustRun(t, in.env, "", "user", "disable", "bob")
	mustRun(t, in.env, "", "key", "rotate", "--alg", "EdDSA", "--now")
	secrets := append(in.secret, "a password of bob", jsonText(t, created, "client_secret"), jsonText(t, unnamed, "client_secret"))

	const events = 9
	follow := func(lines int, args ...string) (out string) {
		t.Helper()
		p := start(t, in.env, append([]string{"events", "--since", "10m"}, args...)...)
		eventually(t, 10*time.Second, func() error {
			if got := strings.Count(p.out.String(), "\n"); got < lines {
				return fmt.Errorf("%v: %d lines, want %d:\n%s", args, got, lines, p.out.String())
			}
			return nil
		})
		time.Sleep(200 * time.Millisecond) // for what must not follow
		if _, err := p.stop(syscall.SIGINT); err != nil {
			t.Errorf("%v: %v", args, err)
		}
		for _, secret := range secrets {
			if strings.Contains(p.out.String(), secret) {
				t.Errorf("%v shows %s", args, secret)
			}
		}
		return p.out.String()
	}
	table := follow(1 + events)
	for _, want := range []string{"TIME  ", "user_changed ", "  created by command_line\n", "  disabled by command_line\n", "all of the user", "client_changed     service  ", "key_changed", "activated key "} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is missing in:\n%s", want, table)
		}
	}
	header, rows, _ := strings.Cut(table, "\n")
	for line := range strings.Lines(rows) {
		for _, column := range []string{"TYPE", "CLIENT", "SUBJECT", "GRANT", "DETAIL"} {
			if at := strings.Index(header, column); len(line) < at || line[at-2:at] != "  " {
				t.Errorf("%s does not begin under its name in:\n%s\n%s", column, header, line)
			}
		}
	}
	for args, want := range map[string]int{
		"--type key_changed --type key_revoked":         5, // three first keys; one retired, one activated
		"--type user_changed,client_changed":            4,
		"--client service":                              1,
		"--client " + jsonText(t, unnamed, "client_id"): 1,
		"--user bob": 3, // created, disabled, all ended
	} {
		if got := shown(t, follow(want, append(strings.Fields(args), "-o", "json")...)); len(got) != want {
			t.Errorf("%s: %d events, want %d: %+v", args, len(got), want, got)
		}
	}
	all := shown(t, follow(events, "-o", "json"))
	if rest := shown(t, follow(events-2, "-o", "json", "--since", all[1].ID)); len(rest) != len(all)-2 || rest[0].ID != all[2].ID {
		t.Errorf("after %s: %d of %d events", all[1].ID, len(rest), len(all))
	}
}

func TestEvents_ForgedOnesNeverReachATerminal(t *testing.T) {
	redis := redistest.Start(t)
	forged := []string{"\x1b]0;owned\a", `{"type":"login","time":"2026-11-23T12:00:00Z","client":"\u001b[2J"}`, strings.Repeat("x", 1<<20)}
	for _, text := range forged {
		command(t, redis.Addr, "XADD", "tollgate:events", "*", "event", text)
	}
	command(t, redis.Addr, "XADD", "tollgate:events", "*", "event", `{"type":"login","time":"2026-11-23T12:00:00Z","node":"n","client":"<b>&"}`)
	for _, format := range []string{"table", "json"} {
		p := start(t, nil, "events", "--redis", redis.Addr, "--since", "10m", "-o", format)
		p.await(`left out 3 entries`)
		p.await(`<b>&`)
		p.stop(os.Interrupt)
		if strings.ContainsAny(p.out.String(), "\x1b\a") || len(p.out.String()) > 2000 {
			t.Errorf("%s: %q", format, p.out.String())
		}
	}
}

func TestEvents_RefusedWithTheReason(t *testing.T) {
	in := install(t, redistest.Start(t).Addr)
	for _, story := range []struct {
		line string
		code int
		want string
	}{
		{"--since yesterday", exitUsage, `--since is "yesterday"; it can be`},
		{"--type nonsense", exitUsage, `--type is "nonsense"; it can be token_issued `},
		{"--redis 127.0.0.1:1 --config x", exitUsage, "not both"},
		{"--redis 127.0.0.1:1", exitFailed, "no Redis answers at 127.0.0.1:1"},
		{"--user nobody", exitFailed, "there is no such user"},
		{"extra", exitUsage, "Try: tollgate events --help"},
	} {
		r := run(t, in.env, "", append([]string{"events"}, strings.Fields(story.line)...)...)
		if r.code != story.code || !strings.Contains(r.err, story.want) {
			t.Errorf("%s: exit %d: %s", story.line, r.code, r.err)
		}
	}
	r := run(t, []string{"TOLLGATE_ISSUER=http://127.0.0.1:8080", "TOLLGATE_STORE=memory"}, "", "events")
	if r.code != exitFailed || !strings.Contains(r.err, "store is memory") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

func TestEvents_ServerStoresThemWithoutWaitingAndFlushesAtTheEnd(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, redis.Addr)
	secret := jsonText(t, mustRun(t, in.env, "", "client", "create", "service", "--grant", "client_credentials", "--output", "json"), "client_secret")
	p, public, ops := startServe(t, in)
	awaitStatus(t, public+"/readyz", 200)
	const requests = 150
	for range requests {
		if code := getToken(t, public, "service", secret); code != 200 {
			t.Fatalf("status %d", code)
		}
	}
	if text := bodyOf(t, ops+"/metrics"); !strings.Contains(text, `tollgate_events_total{type="token_issued"} 150`) || !strings.Contains(text, "tollgate_events_dropped_total 0") {
		t.Errorf("metrics do not count events:\n%s", text)
	}
	if _, err := p.stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	stored := command(t, redis.Addr, "XLEN", "tollgate:events")
	if n, _ := stored.AsInt64(); n < requests+1 {
		t.Errorf("%d events are stored", n)
	}
}

// getToken performs client_credentials and returns the status.
func getToken(t *testing.T, public, id, secret string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, public+"/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(id, secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// bodyOf returns the body of a GET.
func bodyOf(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
