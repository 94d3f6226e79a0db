package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"tollgate/redisx/redistest"
)

// Who looks changes nothing: the first node that serves makes the keys.
func TestKey_WhoLooksMakesNone(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, redis.Addr)
	r := run(t, in.env, "", "key", "list", "-o", "json")
	if r.code != 0 || r.out != "[]\n" || !strings.Contains(r.err, "there are no signing keys yet") {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
	for _, args := range [][]string{{"token", "inspect", "x"}, {"token", "revoke", "x"}, {"key", "revoke", "x"}} {
		if r := run(t, in.env, "", args...); r.code != exitFailed || !strings.Contains(r.err, "there are no signing keys in this Redis") {
			t.Errorf("%s: exit %d: %s%s", args, r.code, r.out, r.err)
		}
	}
	size := command(t, redis.Addr, "DBSIZE")
	if n, err := size.AsInt64(); n != 0 || err != nil {
		t.Errorf("who looked left %d keys in Redis, %v", n, err)
	}
}

func TestKey_RotateAndRevoke(t *testing.T) {
	in := install(t, redistest.Start(t).Addr)
	type key struct{ KID, Alg, State string }
	list := func(args ...string) (all []key) {
		if err := json.Unmarshal([]byte(mustRun(t, in.env, "", append(args, "-o", "json")...)), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	first := list("key", "rotate", "--alg", "ES256")
	if len(first) != 4 {
		t.Fatalf("%d keys, want one of each algorithm and a successor", len(first))
	}
	states := func(all []key, alg string) (out string) {
		for _, k := range all {
			if k.Alg == alg {
				out += k.State + " "
			}
		}
		return out
	}
	if got := states(first, "ES256"); got != "active next " {
		t.Errorf("after rotate: %s", got)
	}
	again := run(t, in.env, "", "key", "rotate", "--alg", "ES256", "-o", "json")
	waits := regexp.MustCompile(`^ES256: nothing to do: \S{43} waits already and signs from [-0-9: ]+ UTC; with --now it signs at once\n$`)
	if again.code != 0 || !waits.MatchString(again.err) || strings.Count(again.out, `"next"`) != 1 {
		t.Errorf("a second rotate: exit %d: %s%s", again.code, again.out, again.err)
	}
	// An active key with a successor is not retired yet, and the table does not say so.
	row := regexp.MustCompile(`(?m)^\S{43} +ES256 +active +(\S+ \S+ UTC +){3}\S+ \S+ UTC$`)
	if table := mustRun(t, in.env, "", "key", "list"); !row.MatchString(table) || !strings.Contains(table, "SIGNS FROM                SIGNS UNTIL               PUBLISHED UNTIL\n") {
		t.Errorf("the table is\n%s", table)
	}
	if got := states(list("key", "rotate", "--alg", "RS256", "--now"), "RS256"); got != "retired active " {
		t.Errorf("after rotate --now: %s", got)
	}
	for _, k := range first {
		if k.Alg == "EdDSA" {
			if got := states(list("key", "revoke", k.KID), "EdDSA"); got != "revoked active " {
				t.Errorf("after revoke: %s", got)
			}
		}
	}
	if r := run(t, in.env, "", "key", "revoke", "nonsense"); r.code != exitFailed || !strings.Contains(r.err, "there is no such key; see `tollgate key list`") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	if r := run(t, in.env, "", "key", "rotate", "--alg", "HS256"); r.code != exitUsage {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}
