package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

// maxStale is the default of validate.max_stale: past it nothing may be answered from memory.
const maxStale = time.Second

// An outage is nobody's fault: 503 with Retry-After, never a refusal that makes a client throw its
// tokens away, never an answer that nobody can know.
func TestOutage_OfRedisIs503UntilItIsBack(t *testing.T) {
	for _, outage := range []struct {
		name        string
		begin, heal func(*redistest.Server)
	}{
		{"Redis hangs", (*redistest.Server).Pause, (*redistest.Server).Continue},
		{"Redis is killed", (*redistest.Server).Kill, (*redistest.Server).Restart},
	} {
		t.Run(outage.name, func(t *testing.T) {
			redis := redistest.Start(t, "--appendfsync", "always") // by default a killed Redis may lose two seconds
			n := StartServe(t, redis.Addr, "TOLLGATE_REDIS__TIMEOUT=500ms")
			apps := n.Seed(t)
			alice := NewBrowser(DemoUser, DemoPassword)
			tokens := alice.Login(t, n, apps.Web)
			lost := alice.Login(t, n, apps.Web) // its revocation will not be answered
			asked := n.Ask(apps.Web)
			code, err := alice.Code(n, apps.Web, asked)
			if err != nil {
				t.Fatal(err)
			}

			outage.begin(redis)
			time.Sleep(maxStale + 500*time.Millisecond)
			var slowest time.Duration
			for name, call := range map[string]func() Answer{
				"/validate":          func() Answer { return n.Validate(tokens.Access, "") },
				"/introspect":        func() Answer { return n.Introspect(apps.Gateway, tokens.Access) },
				"/introspect/batch":  func() Answer { return n.IntrospectBatch(apps.Gateway, tokens.Access, lost.Access) },
				"/userinfo":          func() Answer { return n.Userinfo(tokens.Access) },
				"/revoke":            func() Answer { return n.Revoke(apps.Web, lost.Refresh) },
				"client credentials": func() Answer { return n.ClientCredentials(apps.Service).Answer },
				"refresh":            func() Answer { return n.Refresh(apps.Web, tokens.Refresh).Answer },
				"code":               func() Answer { return n.Exchange(apps.Web, code, asked.Verifier).Answer },
				"/authorize":         func() Answer { return Do(cookies(alice, n, request("GET", n.Ask(apps.Web).URL, nil))) },
				"/readyz":            nil,
			} {
				if call == nil {
					n.Get("/readyz").Want(t, 503)
					continue
				}
				start := time.Now()
				a := call()
				slowest = max(slowest, time.Since(start))
				if a.Status != 503 || a.Header.Get("Retry-After") == "" {
					t.Errorf("%s is answered %d (Retry-After %q): %s %v", name, a.Status, a.Header.Get("Retry-After"), a.Body, a.Err)
				}
			}
			n.Get("/livez").Want(t, 200)
			n.Get("/.well-known/jwks.json").Want(t, 200)
			n.Get("/.well-known/openid-configuration").Want(t, 200)
			if slowest > 2*time.Second {
				t.Errorf("an answer took %s", slowest)
			}

			outage.heal(redis)
			healed := n.AwaitReady()
			if healed > 2*time.Second {
				t.Errorf("ready only %s after Redis was back", healed)
			}
			retried(func() Answer { return n.Refresh(apps.Web, tokens.Refresh).Answer }).Want(t, 200)
			retried(func() Answer { return n.Revoke(apps.Web, lost.Refresh) }).Want(t, 200)
			wantGood(t, apps, []*Node{n}, tokens.Access)
			wantRefused(t, apps, n, lost.Access)
			forms := alice.Forms
			if alice.Login(t, n, apps.Web); alice.Forms != forms {
				t.Error("alice was signed out by the outage")
			}
			t.Logf("slowest answer %s, ready %s after Redis", slowest.Round(time.Millisecond), healed.Round(time.Millisecond))
		})
	}
}

// retried repeats for a while what is answered 503, as the answer asks for.
func retried(call func() Answer) Answer {
	a := call()
	for deadline := time.Now().Add(2 * time.Second); a.Status == 503 && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
		a = call()
	}
	return a
}

// cookies makes a request the browser's.
func cookies(b *Browser, n *Node, r *http.Request) *http.Request {
	for _, c := range b.Cookies(n) {
		r.AddCookie(c)
	}
	return r
}

func TestStart_WithoutRedisIsAliveNotReadyAndHeals(t *testing.T) {
	redis := redistest.Start(t)
	n := NewServe(t, redis.Addr) // takes its ports before Redis gives up its own
	redis.Kill()
	alive := startTimeout
	for range 3 { // the fastest counts: a busy machine takes its time to start a process
		n.Kill()
		n.Start()
		alive = min(alive, n.AwaitStatus("/livez", 200))
	}
	if alive > time.Second {
		t.Errorf("alive only after %s", alive)
	}
	n.Get("/readyz").Want(t, 503)
	n.GetOps("/readyz").Want(t, 503)
	n.Get("/.well-known/openid-configuration").Want(t, 200)
	for name, a := range map[string]Answer{
		"/token":    n.ClientCredentials(DemoService).Answer,
		"/validate": n.Validate(strings.Repeat("a.", 2)+"a", ""),
	} {
		if a.Status != 503 || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s is answered %d: %s", name, a.Status, a.Body)
		}
	}
	health := n.GetOps("/healthz").Want(t, 503)
	if !strings.Contains(string(health.Body), "last_error") {
		t.Errorf("/healthz names no error: %s", health.Body)
	}

	redis.Restart()
	ready := n.AwaitReady()
	if ready > 5*time.Second { // three signing keys are made first
		t.Errorf("ready only %s after Redis", ready)
	}
	apps := n.Seed(t)
	wantGood(t, apps, []*Node{n}, n.ClientCredentials(apps.Service).Want(t, 200).Access)
	t.Logf("alive after %s, ready %s after Redis", alive.Round(time.Millisecond), ready.Round(time.Millisecond))
}
