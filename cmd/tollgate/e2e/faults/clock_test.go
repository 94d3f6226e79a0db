//go:build faults

package faults

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// installFaulty is install with the faulty binary; the clock of node i begins off by offsets[i].
func installFaulty(t *testing.T, redisAddr string, offsets ...int) *installation {
	t.Helper()
	in := &installation{}
	for i, offset := range offsets {
		var n *e2e.Node
		if i == 0 {
			n = e2e.NewServe(t, redisAddr, production, "TOLLGATE_TOKENS__SIGNING_ALG=EdDSA")
			n.Path = faultyBinary(t)
		} else {
			n = in.nodes[0].NewPeer(redisAddr)
		}
		setClock(t, n, offset)
		replaceFile(t, filepath.Join(n.Dir(), "hosts"), "127.0.0.1 localhost\n")
		n.Start()
		n.AwaitReady()
		in.nodes = append(in.nodes, n)
	}
	in.seed(t)
	return in
}

func TestFault_F26_TheWallClockJumps(t *testing.T) {
	redis := redistest.Start(t)
	in := installFaulty(t, redis.Addr, 0)
	n := in.nodes[0]
	var odd []string
	for _, hours := range []int{1, -1} {
		setClock(t, n, 0)
		time.Sleep(50 * time.Millisecond)
		before, bad := in.alice.Login(t, n, in.web), in.revoked(t)
		setClock(t, n, hours*3600)
		time.Sleep(50 * time.Millisecond)
		during := in.alice.Login(t, n, in.web)
		if got := n.Validate(during.Access, ""); got.Status != 200 {
			odd = append(odd, "a token issued after the jump is refused")
		}
		gone := in.service(t)
		n.Revoke(in.apps.Service, gone).Want(t, 200)
		next := n.Refresh(in.web, before.Refresh)
		if next.Status != 200 {
			t.Errorf("%+d h: a refresh token did not survive the jump: %d %s", hours, next.Status, next.Body)
		}
		setClock(t, n, 0)
		time.Sleep(50 * time.Millisecond)
		for _, token := range []string{bad, gone} {
			if n.Validate(token, "").Status == 200 {
				t.Errorf("%+d h: a revoked token is accepted", hours)
			}
		}
		if got := n.Refresh(in.web, next.Refresh); got.Status != 200 {
			t.Errorf("%+d h: a refresh token did not survive the jump back: %d %s", hours, got.Status, got.Body)
		}
		if n.Validate(before.Access, "").Status != 200 {
			odd = append(odd, "a token from before the jump is refused after it")
		}
		n.Get("/readyz").Want(t, 200)
	}
	fives := metric(n, `tollgate_http_requests_total{route="token",outcome="error"}`) + metric(n, `tollgate_http_requests_total{route="validate",outcome="error"}`)
	record(t, "F26", len(odd) == 0 && fives == 0, "refresh tokens survive both ways, revoked tokens stay revoked, %.0f answers 500; %s odd", fives, list(odd))
}

func TestFault_F27_ClocksDiffer(t *testing.T) {
	redis := redistest.Start(t)
	in := installFaulty(t, redis.Addr, 30, 0)
	fast, slow := in.nodes[0], in.nodes[1]
	var refused []string
	ahead := fast.ClientCredentials(in.apps.Service).Want(t, 200).Access
	if got := slow.Validate(ahead, ""); got.Status != 200 {
		refused = append(refused, "a token of the fast node on the slow one")
	}
	behind := slow.ClientCredentials(in.apps.Service).Want(t, 200).Access
	if got := fast.Validate(behind, ""); got.Status != 200 {
		refused = append(refused, "a token of the slow node on the fast one")
	}
	login := in.alice.Login(t, fast, in.web)
	if got := slow.Refresh(in.web, login.Refresh); got.Status != 200 {
		refused = append(refused, "a refresh token of the fast node on the slow one")
	}
	code, verifier := in.code(t, fast)
	if got := slow.Exchange(in.web, code, verifier); got.Status != 200 {
		refused = append(refused, "a code of the fast node on the slow one")
	}
	// Ending all of a client's tokens by the slow clock must end those that the fast one dated later.
	ahead = fast.ClientCredentials(in.apps.Service).Want(t, 200).Access
	slow.Admin("DELETE", "/clients/"+in.apps.Service.ID, nil).Want(t, 204)
	accepted := []string{}
	for _, n := range in.nodes {
		if n.Validate(ahead, "").Status == 200 {
			accepted = append(accepted, "a token of a deleted client, dated later than its end")
		}
	}
	if len(accepted) > 0 {
		t.Errorf("accepted: %v", accepted)
	}
	record(t, "F27", len(refused) == 0, "30 s apart: refused %s; revoked and accepted: %s", list(refused), list(accepted))
}

// redisWithClock is a Redis whose wall clock can be moved, by seconds.
func redisWithClock(t *testing.T, args ...string) (redis *redistest.Server, move func(seconds int)) {
	t.Helper()
	shim := filepath.Join(t.TempDir(), "clock.so")
	if output, err := exec.Command("cc", "-shared", "-fPIC", "-o", shim, "testdata/clock.c").CombinedOutput(); err != nil {
		t.Fatalf("build the clock: %v\n%s", err, output)
	}
	clock := filepath.Join(t.TempDir(), "clock")
	replaceFile(t, clock, "0")
	redis = redistest.StartWith(t, []string{"LD_PRELOAD=" + shim, "CLOCK_FILE=" + clock}, args...)
	return redis, func(seconds int) { replaceFile(t, clock, strconv.Itoa(seconds)) }
}

func TestFault_F28_TheClockOfRedisJumps(t *testing.T) {
	redis, move := redisWithClock(t)
	in := install(t, 1, redis.Addr)
	n := in.nodes[0]
	var accepted, lost []string
	for _, seconds := range []int{-3600, 3600} {
		jump := fmt.Sprintf("%+d", seconds)
		move(0)
		time.Sleep(300 * time.Millisecond)
		bad, live := in.revoked(t), in.alice.Login(t, n, in.web)
		code, verifier := in.code(t, n)
		spent, spentVerifier := in.code(t, n)
		n.Exchange(in.web, spent, spentVerifier).Want(t, 200)
		move(seconds)
		time.Sleep(500 * time.Millisecond)
		if until(3*time.Second, func() bool { return n.Validate(live.Access, "").Status == 200 }) < 0 {
			lost = append(lost, "an access token ("+jump+" s)")
		}
		if n.Validate(bad, "").Status == 200 {
			accepted = append(accepted, "a revoked access token ("+jump+" s)")
		}
		if n.Exchange(in.web, spent, spentVerifier).Status == 200 {
			accepted = append(accepted, "a used code ("+jump+" s)")
		}
		if n.Refresh(in.web, live.Refresh).Status != 200 {
			lost = append(lost, "a refresh token ("+jump+" s)")
		}
		if n.Exchange(in.web, code, verifier).Status != 200 {
			lost = append(lost, "a code ("+jump+" s)")
		}
	}
	if len(accepted) > 0 {
		t.Errorf("accepted: %v", accepted)
	}
	record(t, "F28", len(accepted) == 0, "accepted: %s; lost: %s", list(accepted), list(lost))
}

func TestFault_F21_RedisMoves(t *testing.T) {
	redis := redistest.Start(t)
	_, port, _ := net.SplitHostPort(redis.Addr)
	old := redistest.StartProxyAt(t, "127.0.0.2:"+port, redis.Addr)
	n := e2e.NewServe(t, "redis.test:"+port, production)
	n.Path = faultyBinary(t)
	hosts := filepath.Join(n.Dir(), "hosts")
	replaceFile(t, hosts, "127.0.0.2 redis.test\n")
	n.Start()
	n.AwaitReady()
	apps := n.Seed(t)
	token := n.ClientCredentials(apps.Service).Want(t, 200).Access
	replaceFile(t, hosts, "")
	old.Close()
	time.Sleep(time.Second)
	gone := n.ClientCredentials(apps.Service)
	lookups := strings.Count(n.Logs(), "no such host")
	redistest.StartProxyAt(t, "127.0.0.3:"+port, redis.Addr)
	replaceFile(t, hosts, "127.0.0.3 redis.test\n")
	back := until(6*time.Second, func() bool {
		return n.Validate(token, "").Status == 200 && n.Introspect(apps.Gateway, token).Active()
	})
	record(t, "F21", back >= 0 && back <= 5*time.Second && (gone.Status == 503 || gone.Status == 200),
		"name unknown for 1 s: /token %d, %d log lines; connected to the new address after %s (by a hosts file)", gone.Status, lookups, ms(back))
}

func TestFault_F32_HandlersPanic(t *testing.T) {
	redis := redistest.Start(t)
	in := installFaulty(t, redis.Addr, 0)
	n, token := in.nodes[0], in.service(t)
	n.Panics = true
	l := startLoad(t, 4, 5*time.Millisecond, call{"validate", func() e2e.Answer { return n.Validate(token, "") }})
	pid, panics, answers := n.PID, 0, 0
	for _, path := range []string{
		"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/jwks.json",
		"/token", "/introspect", "/introspect/batch", "/revoke", "/userinfo", "/validate", "/livez", "/readyz", "/authorize", "/login", "/consent", "/logout",
	} {
		for _, method := range []string{"GET", "POST"} {
			r, _ := http.NewRequest(method, n.URL+path, nil)
			r.Header.Set("X-Panic", "1")
			time.Sleep(10 * time.Millisecond) // for the requests beside them
			switch got := e2e.Do(r); got.Status {
			case 500:
				panics++
			case 405:
			default:
				answers++
				t.Logf("%s %s: %d %v", method, path, got.Status, got.Err)
			}
		}
	}
	all := l.stop()
	bad := len(all) - len(all.status(200))
	record(t, "F32", panics >= 15 && answers == 0 && bad == 0 && n.PID == pid && n.Get("/livez").Status == 200,
		"%d requests panicked and got 500; of %d beside them %d failed; the process goes on", panics, len(all), bad)
}
