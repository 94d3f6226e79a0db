//go:build faults

package faults

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// standing are the keys that live for ever, by the part of the name after the prefix: records, the
// lists of their names, and the key set.
var standing = []string{"client", "clients", "user", "username", "users", "consent", "keys"}

func stands(key string) bool {
	kind, _, _ := strings.Cut(strings.TrimPrefix(key, "e2e:"), ":")
	return slices.Contains(standing, kind)
}

// ourKeys lists the keys with this prefix that stand, and those that do not.
func ourKeys(t *testing.T, redis *redistest.Server) (stay, others []string) {
	t.Helper()
	for _, key := range keysOf(t, redis) {
		if stands(key) {
			stay = append(stay, key)
		} else {
			others = append(others, key)
		}
	}
	return stay, others
}

// useAll goes through what there is to do, as it is meant and as it is not, and returns what nobody
// may find afterwards.
func useAll(t *testing.T, in *installation) (secrets []string) {
	t.Helper()
	n := in.nodes[0]
	for _, app := range []e2e.App{in.apps.Web, in.web} {
		browser := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
		asked := n.Ask(app)
		code, err := browser.Code(n, app, asked)
		if err != nil {
			t.Fatal(err)
		}
		got := n.Exchange(app, code, asked.Verifier).Want(t, 200)
		next := n.Refresh(app, got.Refresh).Want(t, 200)
		last := n.Refresh(app, next.Refresh).Want(t, 200)
		n.Refresh(app, got.Refresh).Want(t, 400) // ends the family
		other := browser.Login(t, n, app)
		n.Revoke(app, other.Access).Want(t, 200)
		n.Exchange(app, code, asked.Verifier).Want(t, 400)
		for _, tokens := range []e2e.Tokens{got, next, last, other} {
			secrets = append(secrets, tokens.Access, tokens.Refresh)
			n.Introspect(in.apps.Gateway, tokens.Refresh)
			n.Userinfo(tokens.Access)
			if tokens.ID != "" {
				secrets = append(secrets, tokens.ID)
			}
		}
		for _, cookie := range browser.Cookies(n) {
			secrets = append(secrets, cookie.Value)
		}
		secrets = append(secrets, code, asked.Verifier)
	}
	const guess = "not-the-password-of-alice"
	e2e.NewBrowser(e2e.DemoUser, guess).Visit(n.Ask(in.web).URL)
	e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword).Consent(n.Ask(in.web, "prompt", "consent").URL) // and leaves
	leaving := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	if err := leaving.Logout(n, leaving.Login(t, n, in.apps.Web).ID); err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, in.revoked(t), guess, e2e.DemoPassword, in.apps.Service.Secret, in.apps.Web.Secret, in.apps.Gateway.Secret)

	n.AddUser(t, "bob", "the-password-of-bob")
	e2e.NewBrowser("bob", "the-password-of-bob").Login(t, n, in.web)
	n.Admin("POST", "/users/bob/disable", nil).Want(t, 200)
	n.AddUser(t, "carol", "the-password-of-carol")
	e2e.NewBrowser("carol", "the-password-of-carol").Login(t, n, in.web)
	n.Admin("DELETE", "/users/carol", nil).Want(t, 204)
	n.Admin("DELETE", "/clients/"+in.apps.Service.ID, nil).Want(t, 204)
	n.Admin("POST", "/keys/rotate", map[string]any{"at_once": true}).Want(t, 204)
	return append(secrets, "the-password-of-bob", "the-password-of-carol")
}

func TestTraces_WhatARunLeaves(t *testing.T) {
	redis, move := redisWithClock(t, "--slowlog-log-slower-than", "0", "--slowlog-max-len", "100000")
	in := install(t, 1, redis.Addr, "TOLLGATE_LOG__LEVEL=debug")
	n := in.nodes[0]
	secrets := useAll(t, in)
	time.Sleep(time.Second) // events are written behind
	places := map[string]string{"a log line": n.Logs(), "SLOWLOG": redis.Text(t, "SLOWLOG", "GET", "100000")}
	stay, passing := ourKeys(t, redis)
	places["a key"], places["a value"] = strings.Join(append(stay, passing...), "\n"), valuesOf(t, redis, append(stay, passing...))
	var leaks []string
	for place, text := range places {
		if len(text) < 100 {
			t.Errorf("%s: nothing was read", place)
		}
		for _, secret := range secrets {
			if secret == "" || strings.Contains(text, secret) {
				leaks = append(leaks, place)
				t.Errorf("a secret is in %s", place)
				break
			}
		}
	}
	var eternal []string
	for _, key := range passing {
		if redis.Text(t, "PTTL", key) == "-1" {
			eternal = append(eternal, key)
		}
	}
	n.Kill() // it would write on
	move(400 * 24 * 3600)
	time.Sleep(500 * time.Millisecond)
	after, outlived := ourKeys(t, redis)
	record(t, "R2", len(eternal) == 0 && len(outlived) == 0 && len(leaks) == 0 && len(after) > 0,
		"%d keys, of them without TTL beside those: %s; a year later by the clock of Redis %d keys, beside those: %s; %d secrets looked for in keys, values, SLOWLOG and log: found in %s",
		len(stay)+len(passing), list(eternal), len(after)+len(outlived), list(outlived), len(secrets), list(leaks))
}

// valuesOf reads all that stands under the keys.
func valuesOf(t *testing.T, redis *redistest.Server, keys []string) string {
	t.Helper()
	var all strings.Builder
	for _, key := range keys {
		fmt.Fprintln(&all, redis.Text(t, "EVAL", `local k, t = KEYS[1], redis.call('TYPE', KEYS[1]).ok
			if t == 'string' then return redis.call('GET', k) end
			if t == 'hash' then return table.concat(redis.call('HGETALL', k), ' ') end
			if t == 'zset' then return table.concat(redis.call('ZRANGE', k, 0, -1), ' ') end
			if t == 'stream' then return cjson.encode(redis.call('XRANGE', k, '-', '+')) end
			return t`, "1", key))
	}
	return all.String()
}
