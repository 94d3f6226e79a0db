package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// Figures of two runs that were not alike are shown, and never without a word about that.
func TestBench_SaysInWhatTheRunsDiffer(t *testing.T) {
	_, _, issuer, _ := startDev(t, "--signing-alg", "EdDSA")
	folder := t.TempDir()
	bench := func(args ...string) string {
		t.Helper()
		return mustRun(t, nil, "", append([]string{"bench", "validate", "--issuer", issuer, "--requests", "20", "--connections", "2"}, args...)...)
	}
	alike, other := filepath.Join(folder, "alike.json"), filepath.Join(folder, "other.json")
	bench("--save", alike)
	text, err := os.ReadFile(alike)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(issuer, "https://other.example", `"tokens": 100`, `"tokens": 7`, `"name": "validate"`, `"name": "introspect"`).Replace(string(text))
	if err := os.WriteFile(other, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if table := bench("--compare", alike); strings.Contains(table, "before was") {
		t.Errorf("alike:\n%s", table)
	}
	table := bench("--compare", other)
	var compared benchComparison
	if err := json.Unmarshal([]byte(bench("--compare", other, "-o", "json")), &compared); err != nil || compared.Before == nil {
		t.Fatal(compared, err)
	}
	want := []string{"before was of https://other.example", "before was with --tokens 7", "before was without validate"}
	if !slices.Equal(compared.Unlike, want) || len(compared.Before.Loads) != 1 || len(compared.Loads) != 1 {
		t.Errorf("%+v", compared)
	}
	for _, line := range want {
		if !strings.Contains(table, "\n"+line+"\n") {
			t.Errorf("%q is not in the table:\n%s", line, table)
		}
	}
}

// What answers nothing as it should has not been measured.
func TestBench_FailsWhereNothingWasAnsweredRightly(t *testing.T) {
	var asked atomic.Int64
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/token":
			fmt.Fprint(w, `{"access_token":"x","token_type":"Bearer"}`)
		case "/validate":
			if asked.Add(1) > 1 { // once, before the clock starts
				w.WriteHeader(http.StatusTooManyRequests)
			}
		default:
			self := "http://" + r.Host
			fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":%q}`, self, self+"/token")
		}
	}))
	defer issuer.Close()
	saved := filepath.Join(t.TempDir(), "saved.json")
	r := run(t, nil, "", "bench", "validate", "--issuer", issuer.URL, "--requests", "5", "--connections", "1", "--tokens", "1", "--save", saved)
	if r.code != exitFailed || !strings.Contains(r.err, "validate: no request got a right answer") || !strings.Contains(r.out, "\nvalidate ") {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
	if _, err := os.Stat(saved); err != nil {
		t.Errorf("what was seen is not kept: %v", err)
	}
}

func TestBench_EveryLoadAgainstDev(t *testing.T) {
	_, _, issuer, _ := startDev(t, "--signing-alg", "EdDSA")
	saved := filepath.Join(t.TempDir(), "before.json")
	var report benchReport
	printed := mustRun(t, nil, "", "bench", "--issuer", issuer, "--requests", "50", "--connections", "4", "--tokens", "3", "-o", "json", "--save", saved)
	if err := json.Unmarshal([]byte(printed), &report); err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	if kept, err := os.ReadFile(saved); err != nil || string(kept) != printed {
		t.Errorf("--save kept %s, %v", kept, err)
	}
	if len(report.Loads) != len(benchLoads) {
		t.Fatalf("%d loads, want %d", len(report.Loads), len(benchLoads))
	}
	for i, l := range report.Loads {
		if l.Name != benchLoads[i] || l.Requests != 50 || l.Failed() != 0 || l.PerSecond == 0 || l.Latency.P50 == 0 ||
			l.Latency.P50 > l.Latency.P999 || l.Latency.P999 > l.Latency.Max {
			t.Errorf("%+v", l)
		}
	}
	table := mustRun(t, nil, "", "bench", "validate", "--issuer", issuer, "--requests", "20", "--rate", "1000", "--compare", saved)
	for _, want := range []string{"LOAD", "PER SECOND", "P99.9", "\nvalidate ", "\n  before ", "\n  change ", " %", "before was with --connections 4 --rate 0"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in the table:\n%s", want, table)
		}
	}
}

// A client of one's own, and a person who signs in.
func TestBench_NamedClientAndUser(t *testing.T) {
	_, _, issuer, _ := startDev(t, "--signing-alg", "EdDSA")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(devServiceSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, nil, "", "bench", "--issuer", issuer, "--client-id", devService, "--client-secret-file", secret, "--requests", "5", "--connections", "2")
	if r.code != 0 || !strings.Contains(r.err, "refresh is left out") || !strings.Contains(r.out, "\nclient-credentials ") || strings.Contains(r.out, "\nrefresh ") {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
	r = run(t, nil, "alice-password\n", "bench", "refresh", "--issuer", issuer, "--client-id", devWeb, "--client-secret", devWebSecret,
		"--user", "alice", "--requests", "5", "--connections", "2")
	if r.code != 0 || !strings.Contains(r.out, "\nrefresh ") {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
}

func TestBench_FailuresSayWhatToDo(t *testing.T) {
	_, _, issuer, _ := startDev(t)
	foreign := filepath.Join(t.TempDir(), "foreign.json")
	if err := os.WriteFile(foreign, []byte(`{"loads":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, story := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "it can be validate introspect client-credentials refresh", []string{"tokens"}},
		{exitUsage, "takes one load", []string{"validate", "refresh"}},
		{exitUsage, "--connections is 0", []string{"--connections", "0"}},
		{exitUsage, "--tokens is 0", []string{"--tokens", "0"}},
		{exitUsage, "or it would never end", []string{"--duration", "0"}},
		{exitUsage, "cannot be negative", []string{"--rate", "-1"}},
		{exitUsage, "name who signs in: --user", []string{"refresh", "--client-id", devWeb, "--client-secret", devWebSecret}},
		{exitFailed, "--compare", []string{"--compare", "absent.json"}},
		{exitFailed, "is not what `tollgate bench --save` writes", []string{"--compare", foreign}},
		{exitFailed, "validate: tokens to ask about: invalid_client", []string{"--client-id", devService, "--client-secret", "wrong"}},
		{exitFailed, "is `tollgate dev` running?", []string{"--issuer", "http://127.0.0.1:1"}},
	} {
		r := run(t, nil, "", append([]string{"bench", "--issuer", issuer}, story.args...)...)
		if r.code != story.code || !strings.Contains(r.err, story.want) || r.out != "" {
			t.Errorf("%v: exit %d: %s%s", story.args, r.code, r.out, r.err)
		}
	}
}

func TestBench_FiguresForPeople(t *testing.T) {
	for ms, want := range map[float64]string{0: "-", 0.0421: "42 µs", 1.234: "1.23 ms", 45.6: "46 ms", 1234: "1.23 s"} {
		if got := span(ms); got != want {
			t.Errorf("%v is %s, want %s", ms, got, want)
		}
	}
	for f, want := range map[float64]string{0: "0", 999.4: "999", 1000: "1,000", 1234567.8: "1,234,568"} {
		if got := thousands(f); got != want {
			t.Errorf("%v is %s, want %s", f, got, want)
		}
	}
	if change(200, 150) != "-25.0 %" || change(0, 5) != "" {
		t.Error("a change is wrong")
	}
}
