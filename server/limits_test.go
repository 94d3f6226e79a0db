package server

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tollgate/cache"
	"tollgate/flows"
	"tollgate/flows/store/memstore"
)

func TestLimits_PerAddressOnEveryEndpointThatCosts(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.PerIP = cache.Rate{PerSecond: 0.1, Burst: 3} })
	for range 3 {
		e.do(t, call{path: "/token", auth: serviceBasic, form: clientCredentials()}).wants(t, 200, "")
	}
	for _, row := range publicRoutes() {
		path := row.path
		if path == "/validate/*" {
			path = "/validate/x"
		}
		method := "GET"
		if row.verbs == nil && row.methods == "POST" {
			method = "POST"
		}
		a := e.do(t, call{method: method, path: path})
		if limited := a.status == 429; limited != (row.limit == limitIP) {
			t.Errorf("%s %s: status %d", method, path, a.status)
		}
		if a.status == 429 {
			if after, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || after < 1 || after > 10 {
				t.Errorf("row 142: Retry-After %q", a.header.Get("Retry-After"))
			}
		}
	}
}

func TestLimits_SayWhichWasReachedAndWhenItIsOver(t *testing.T) {
	e := newEdge(t, func(c *Config) {
		c.PerIP = cache.Rate{PerSecond: 2, Burst: 3}
		c.Validate = cache.Rate{PerSecond: 0.25, Burst: 1}
	})
	check := func(c call, times int, policy, limit string) {
		t.Helper()
		var a *answer
		for i := range times + 1 {
			a = e.do(t, c)
			if limited := a.status == 429; limited != (i == times) {
				t.Fatalf("%s: answer %d is %d", c.path, i, a.status)
			}
			if a.status != 429 && (a.header.Get("RateLimit") != "" || a.header.Get("RateLimit-Policy") != "") {
				t.Errorf("%s: a limit is told of that was not reached: %v", c.path, a.header)
			}
		}
		if got := a.header.Get("RateLimit-Policy"); got != policy {
			t.Errorf("RateLimit-Policy: %s, want %s", got, policy)
		}
		if got := a.header.Get("RateLimit"); got != limit {
			t.Errorf("RateLimit: %s, want %s", got, limit)
		}
		if after := a.header.Get("Retry-After"); !strings.HasSuffix(limit, ";t="+after) {
			t.Errorf("Retry-After %s beside %s", after, limit)
		}
	}
	check(call{path: "/validate"}, 1, `"validate";q=1;w=4`, `"validate";r=0;t=4`)
	check(call{path: "/userinfo"}, 3, `"per_ip";q=3;w=2`, `"per_ip";r=0;t=1`)
}

func TestLimits_OfClientsAreToldLikeThoseOfAddresses(t *testing.T) {
	mem := memstore.New(memstore.Options{})
	t.Cleanup(func() { _ = mem.Close() })
	e := newEdgeOn(t, mem, func(c *Config) {
		c.Flows = newFlows(t, mem, c.Flows.Keys(), func(flows.Event) {}, func(f *flows.Config) { f.PerClient = cache.Rate{PerSecond: 0.1, Burst: 1} })
	})
	ask := call{path: "/token", auth: serviceBasic, form: clientCredentials()}
	e.do(t, ask).wants(t, 200, "")
	a := e.do(t, ask).wants(t, 429, "too_many_requests")
	if a.header.Get("RateLimit-Policy") != `"per_client";q=1;w=10` || a.header.Get("RateLimit") != `"per_client";r=0;t=10` {
		t.Errorf("%v", a.header)
	}
}

func TestLimits_AreOfTheClientBehindATrustedProxy(t *testing.T) {
	e := newEdge(t, func(c *Config) {
		c.PerIP = cache.Rate{PerSecond: 0.01, Burst: 1}
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	from := func(addr string) int {
		return e.do(t, call{path: "/token", auth: serviceBasic, form: clientCredentials(), header: map[string]string{"X-Forwarded-For": addr}}).status
	}
	for _, c := range []struct {
		addr string
		want int
	}{{"203.0.113.1", 200}, {"203.0.113.1", 429}, {"203.0.113.2", 200}, {"9.9.9.9, 203.0.113.2", 429}, {"2001:db8::1", 200}, {"2001:db8::2", 429}} {
		if got := from(c.addr); got != c.want {
			t.Errorf("from %s: %d, want %d", c.addr, got, c.want)
		}
	}
}

func TestLimits_ValidateHasItsOwn(t *testing.T) {
	e := newEdge(t, func(c *Config) {
		c.PerIP = cache.Rate{PerSecond: 0.01, Burst: 1}
		c.Validate = cache.Rate{PerSecond: 0.01, Burst: 5}
	})
	tok := e.serviceToken(t)
	for range 5 {
		e.validate(t, "", tok).wants(t, 200, "")
	}
	a := e.validate(t, "", tok).wants(t, 429, "")
	if noIdentity(t, a); a.header.Get("Retry-After") == "" {
		t.Error("Retry-After is missing")
	}
}

func TestLimits_ABatchCountsEveryToken(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.PerIP = cache.Rate{PerSecond: 0.01, Burst: 10} })
	batch := call{path: "/introspect/batch", auth: gatewayBasic, json: batchOf("a", "b", "c", "d", "e", "f", "g", "h")}
	e.do(t, batch).wants(t, 200, "")
	t.Run("row 214: the second", func(t *testing.T) {
		e.do(t, batch).wants(t, 429, "too_many_requests")
	})
	e.do(t, call{path: "/introspect", auth: gatewayBasic, form: url.Values{"token": {"x"}}}).wants(t, 200, "")
}

// Whoever looks at the log or the metrics learns which setting turned a request away.
func TestLimits_AreNamedInTheLogAndTheMetrics(t *testing.T) {
	tight := cache.Rate{PerSecond: 0.001, Burst: 1}
	junk := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"junk"}, "client_id": {"demo-spa"}}
	for _, limit := range []struct {
		name   string
		change func(*Config, *flows.Config)
		ask    call
	}{
		{"per_ip", func(c *Config, _ *flows.Config) { c.PerIP = tight }, call{path: "/userinfo"}},
		{"validate", func(c *Config, _ *flows.Config) { c.Validate = tight }, call{path: "/validate"}},
		{"per_client", func(_ *Config, f *flows.Config) { f.PerClient = tight }, call{path: "/token", auth: serviceBasic, form: clientCredentials()}},
		{"guesses", func(_ *Config, f *flows.Config) { f.Guesses = tight }, call{path: "/token", form: junk}},
	} {
		mem := memstore.New(memstore.Options{})
		t.Cleanup(func() { _ = mem.Close() })
		e := newEdgeOn(t, mem, func(c *Config) {
			c.Flows = newFlows(t, mem, c.Flows.Keys(), func(flows.Event) {}, func(f *flows.Config) { limit.change(c, f) })
		})
		before := series(t, e)
		e.do(t, limit.ask)
		e.do(t, limit.ask).wants(t, 429, "")
		e.log.take()
		e.send(t, limit.ask)
		saysLimit(t, e.log, limit.name)
		if n := e.server.metrics.limited[limit.name].Get(); n != 2 {
			t.Errorf("%s is counted %d times", limit.name, n)
		}
		counted := `tollgate_http_limited_total{limit="` + limit.name + `"}`
		if after := series(t, e); !slices.Equal(before, after) || !slices.Contains(after, counted) {
			t.Errorf("%d series became %d; among them should be %s", len(before), len(after), counted)
		}
	}
}

func TestLimits_OfLoginsAreNamedInTheLogAndTheMetrics(t *testing.T) {
	log := &lines{}
	h := newHouse(t, testIssuer, func(c *Config) {
		c.Login = cache.Rate{PerSecond: 0.001, Burst: 1}
		c.Log = zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(log), zap.InfoLevel))
	})
	b := h.browser()
	form := b.get("/login").form("username", "alice", "password", "guess")
	try := func(username string, want int) {
		t.Helper()
		form.Set("username", username)
		log.take()
		b.post("/login", form).wantPage(t, want)
	}
	try("alice", 401)
	try("alice", 429)
	saysLimit(t, log, flows.LimitLogin)
	for i := range usersPerAddr - 2 {
		try(fmt.Sprint("nobody", i), 401)
	}
	try("somebody", 429)
	saysLimit(t, log, flows.LimitLoginAddress)
	for _, name := range []string{flows.LimitLogin, flows.LimitLoginAddress} {
		if n := h.server.metrics.limited[name].Get(); n != 1 {
			t.Errorf("%s is counted %d times", name, n)
		}
	}
}

func saysLimit(t *testing.T, log *lines, name string) {
	t.Helper()
	all := log.take()
	if len(all) != 1 || !strings.Contains(all[0], `"error":"too_many_requests","limit":"`+name+`"`) {
		t.Errorf("of %s the log says %q", name, all)
	}
}

func TestLimits_AreKeptTogetherWithOtherNodesUnlessTheyAreOff(t *testing.T) {
	var shared []string
	share := func(name string, l *cache.Limiter) {
		if l == nil {
			t.Errorf("%s is off, and shared", name)
		}
		shared = append(shared, name)
	}
	rate := cache.Rate{PerSecond: 1, Burst: 1}
	mem := memstore.New(memstore.Options{})
	t.Cleanup(func() { _ = mem.Close() })
	newEdgeOn(t, mem, func(c *Config) {
		c.PerIP, c.Login, c.Validate, c.Share = rate, rate, rate, share
		c.Flows = newFlows(t, mem, c.Flows.Keys(), func(flows.Event) {}, func(f *flows.Config) { f.PerClient, f.Guesses, f.Share = rate, rate, share })
	})
	slices.Sort(shared)
	if want := slices.Sorted(slices.Values(flows.LimitNames())); !slices.Equal(shared, want) {
		t.Errorf("shared %v, want %v", shared, want)
	}
}
