package main

import (
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

// startDev runs dev on free ports and returns it with what it prints for people, and its addresses.
func startDev(t *testing.T, args ...string) (p *process, script, public, ops string) {
	t.Helper()
	p = start(t, nil, append([]string{"dev", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"}, args...)...)
	p.await(`(?s)# Tollgate is serving.*admin/v1/clients; echo\n\n`)
	script = p.await(`(?s)(# Tollgate is serving.*admin/v1/clients; echo\n)`)
	return p, script, p.await(`serving at (\S+)`), p.await(`ops (http://[^,\s]+)`)
}

// What a newcomer reads first is the banner, and not how the demo data came about.
func TestDev_SaysNothingBeforeTheBanner(t *testing.T) {
	p, _, _, _ := startDev(t)
	if before, _, _ := strings.Cut(p.out.String(), "# Tollgate is serving"); strings.TrimSpace(before) != "" {
		t.Errorf("it says first %s", before)
	}
}

func TestDev_EveryPrintedLineWorks(t *testing.T) {
	redis := redistest.Start(t)
	for _, story := range []struct {
		name string
		args []string
	}{
		{"in memory", nil},
		{"on Redis", []string{"--redis", redis.Addr}},
		{"with EdDSA", []string{"--signing-alg", "EdDSA"}},
	} {
		t.Run(story.name, func(t *testing.T) {
			_, script, _, _ := startDev(t, story.args...)
			checkPasted(t, script)
		})
	}
}

// checkPasted runs the lines in one shell and looks for what each of them must have answered.
func checkPasted(t *testing.T, script string) {
	t.Helper()
	shell := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
	shell.Env = append(shell.Environ(), beTollgate+"=1")
	printed, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	rest := string(printed)
	for _, want := range []string{
		`(?m)^eyJ[\w-]+\.[\w-]+\.[\w-]+$`,                     // 1: a token
		`HTTP/1.1 200 OK(?s:.*?)X-Auth-Subject: demo-service`, // 2
		`"active":true`,                // 3
		`HTTP/1.1 200 OK`,              // 4: revoked
		`HTTP/1.1 401 Unauthorized`,    //    and seen
		`"refresh_token": "tgr_`,       // 5
		`"preferred_username":"alice"`, // 6
		`"refresh_token":"tgr_`,        // 7
		`"authorization_endpoint":`,    // 8
		`"keys":\[`,
		`"ready":true`, // 9
		`tollgate_tokens_issued_total\{grant="refresh_token"\} 1`,
		`"client_id":"demo-gateway"`,
	} {
		at := regexp.MustCompile(want).FindStringIndex(rest)
		if at == nil {
			t.Fatalf("%s is missing in what is left:\n%s", want, rest)
		}
		rest = rest[at[1]:]
	}
}

// The fastest of three counts: the machines that run tests do other things, too.
func TestDev_ServesWithinTwoSeconds(t *testing.T) {
	fastest := time.Hour
	for range 3 {
		begin := time.Now()
		p, _, public, _ := startDev(t)
		awaitStatus(t, public+"/readyz", 200)
		fastest = min(fastest, time.Since(begin))
		p.cmd.Process.Kill()
	}
	if fastest > 2*time.Second {
		t.Errorf("took %v", fastest)
	}
}

func TestDev_LoopbackOnly(t *testing.T) {
	for _, args := range [][]string{
		{"--listen", "0.0.0.0:0"}, {"--listen", ":8080"}, {"--ops-listen", "[::]:0"}, {"--listen", "192.0.2.1:80"},
	} {
		r := run(t, nil, "", append([]string{"dev"}, args...)...)
		if r.code != exitFailed || !strings.Contains(r.err, args[0]) || !strings.Contains(r.err, "loopback only") {
			t.Errorf("%v: exit %d: %s", args, r.code, r.err)
		}
	}
}

func TestDev_TakenPortIsSaid(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	for _, story := range []struct {
		args []string
		want string
	}{
		{[]string{"--listen", address}, "--listen 127.0.0.1:8081 (make run ARGS='--listen 127.0.0.1:8081')"},
		{[]string{"--listen", "127.0.0.1:0", "--ops-listen", address}, "--ops-listen 127.0.0.1:9091 (make run ARGS='--ops-listen 127.0.0.1:9091')"},
	} {
		r := run(t, nil, "", append([]string{"dev"}, story.args...)...)
		want := fmt.Sprintf("tollgate: %s is taken by another process; stop that one, or choose another address: %s\n", address, story.want)
		if r.code != exitFailed || r.err != want || r.out != "" {
			t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
		}
	}
}

func TestDev_AbsentRedisIsSaid(t *testing.T) {
	r := run(t, nil, "", "dev", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--redis", "127.0.0.1:1")
	if r.code != exitFailed || !strings.Contains(r.err, "no Redis answers at 127.0.0.1:1; start one there, or leave --redis out") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

// The demo accounts are public: they must never stand in somebody's production.
func TestDev_LeavesTheRedisOfOthersAlone(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, redis.Addr)
	mustRun(t, in.env, "", "key", "rotate") // makes the keys, as the first serve does
	r := run(t, nil, "", "dev", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--redis", redis.Addr)
	if r.code != exitFailed || !strings.Contains(r.err, "the state there is not of dev nodes, and stays as it is; name another Redis") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	if got := mustRun(t, in.env, "", "client", "list", "--output", "json") + mustRun(t, in.env, "", "user", "list", "--output", "json"); strings.Contains(got, "demo-") || strings.Contains(got, "alice") {
		t.Errorf("planted %s", got)
	}
}

func TestDev_EndsInOrder(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p, _, _, _ := startDev(t)
		if took, err := p.stop(signal); err != nil || took > 10*time.Second {
			t.Errorf("%v: %v after %v", signal, err, took)
		}
	}
}
