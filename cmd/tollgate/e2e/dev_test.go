package e2e

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

// pasted is what each line that dev prints must answer, in order.
var pasted = []struct{ line, want string }{
	{`grant_type=client_credentials`, `^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$`},
	{`/validate\?scope=`, `(?s)^HTTP/1.1 200 OK.*X-Auth-Subject: demo-service`},
	{`/introspect`, `"active":true`},
	{`/revoke`, `^HTTP/1.1 200 OK`},
	{`/validate$`, `(?is)^HTTP/1.1 401 .*WWW-Authenticate: Bearer error="invalid_token"`},
	{`flow authorization-code`, `(?s)"access_token": ?"eyJ.*"refresh_token": ?"tgr_`},
	{`^ACCESS=`, `^$`},
	{`/userinfo`, `"sub":"alice"`},
	{`grant_type=refresh_token`, `"refresh_token":"tgr_`},
	{`openid-configuration`, `"code_challenge_methods_supported":\["S256"\]`},
	{`jwks.json`, `"kty":"RSA"`},
	{`/healthz`, `"ready":true`},
	{`/metrics`, `(?s)grant="authorization_code"} 1\n.*grant="refresh_token"} 1\n`},
	{`/admin/v1/clients`, `"client_id":"demo-web"`},
}

// A newcomer pastes the lines one after the other into a shell.
func TestDev_EveryLineItPrintsWorksWhenPasted(t *testing.T) {
	for name, args := range map[string][]string{
		"in memory": nil,
		"on Redis":  {"--redis", redistest.Start(t).Addr},
	} {
		t.Run(name, func(t *testing.T) {
			n := startSoon(t, args...)
			lines := printedLines(t, n)
			answers := paste(t, lines)
			for i, p := range pasted {
				if !regexp.MustCompile(p.line).MatchString(lines[i]) {
					t.Fatalf("line %d is %q, want one with %s", i+1, lines[i], p.line)
				}
				if !regexp.MustCompile(p.want).MatchString(answers[i]) {
					t.Errorf("%s\nanswered\n%s\nwant %s", lines[i], answers[i], p.want)
				}
			}
		})
	}
}

// startSoon runs dev, which is ready within two seconds: once in three times at least, for the machines that
// run tests do other things, too.
func startSoon(t *testing.T, args ...string) (n *Node) {
	t.Helper()
	for range 3 {
		n = NewDev(t, args...)
		start := time.Now()
		n.Start()
		n.AwaitReady()
		took := time.Since(start)
		t.Logf("ready after %s", took.Round(time.Millisecond))
		if took <= 2*time.Second {
			return n
		}
	}
	t.Error("never ready within two seconds")
	return n
}

// printedLines waits for all that dev prints, and returns what is not a comment.
func printedLines(t *testing.T, n *Node) []string {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var lines []string
		for line := range strings.SplitSeq(n.Printed(), "\n") {
			if line != "" && !strings.HasPrefix(line, "#") {
				lines = append(lines, line)
			}
		}
		if len(lines) == len(pasted) {
			return lines
		}
		if len(lines) > len(pasted) {
			t.Fatalf("dev prints %d lines; %d are known here:\n%s", len(lines), len(pasted), n.Printed())
		}
	}
	t.Fatalf("dev prints fewer lines than the %d known here:\n%s", len(pasted), n.Printed())
	return nil
}

// paste runs the lines in one bash and returns what each printed.
func paste(t *testing.T, lines []string) []string {
	t.Helper()
	const mark = "--- pasted line %d ---\n"
	var script strings.Builder
	for i, line := range lines {
		fmt.Fprintf(&script, "%s\nprintf '\\n"+strings.ReplaceAll(mark, "\n", `\n`)+"'\n", line, i)
	}
	bash := exec.Command("bash")
	bash.Dir, bash.Env, bash.Stdin = t.TempDir(), cleanEnviron(), strings.NewReader(script.String())
	printed, err := bash.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	rest, answers := string(printed), []string{}
	for i := range lines {
		answer, after, found := strings.Cut(rest, "\n"+fmt.Sprintf(mark, i))
		if !found {
			t.Fatalf("line %d broke the shell:\n%s", i+1, rest)
		}
		answers, rest = append(answers, answer), after
	}
	return answers
}
