package server

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
	"tollgate/flows/store/redistore"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// onStores runs a test on memory and on Redis.
func onStores(t *testing.T, test func(t *testing.T, st store.Store)) {
	t.Run("memory", func(t *testing.T) {
		mem := memstore.New(memstore.Options{})
		defer mem.Close()
		test(t, mem)
	})
	t.Run("redis", func(t *testing.T) {
		server, prefix := redistest.Shared(t)
		client, err := redisx.Open(redisx.Config{
			Addresses: []string{server.Addr}, Timeout: 2 * time.Second, MaxStale: time.Second,
			CachedPrefixes: redistore.CachedPrefixes(prefix), GenerationPrefixes: redistore.GenerationPrefixes(prefix),
		})
		if err != nil {
			t.Fatal(err)
		}
		st := redistore.New(client, prefix)
		defer st.Close()
		test(t, st)
	})
}

const (
	configPage = "https://config.example"
	spaPage    = "https://spa.example"
	shopPage   = "https://shop.example"
	evilPage   = "https://evil.example"
)

// newPaged is an edge with pages: one of the configuration, one of demo-spa, one of the client shop.
func newPaged(t *testing.T, st store.Store) *edge {
	t.Helper()
	e := newEdgeOn(t, st, func(c *Config) { c.AllowedOrigins = []string{configPage} })
	e.setOrigins(t, "demo-spa", spaPage)
	_, _, err := e.flows.CreateClient(t.Context(), &oauth.Client{ID: "shop", AllowedOrigins: []string{shopPage}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *edge) setOrigins(t *testing.T, id string, origins ...string) {
	t.Helper()
	c, err := e.flows.GetClient(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	c.AllowedOrigins = origins
	if _, err := e.flows.UpdateClient(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// readBy checks which of the pages may read the answer of a call.
func (e *edge) readBy(t *testing.T, what string, status int, c call, pages ...string) {
	t.Helper()
	for _, page := range []string{configPage, spaPage, shopPage, evilPage, "null", "*", spaPage + ", " + shopPage} {
		c.header = map[string]string{"Origin": page, "Cookie": "a=b"}
		a := e.do(t, c)
		want := ""
		for _, p := range pages {
			if p == page {
				want = page
			}
		}
		if a.status != status || a.header.Get("Access-Control-Allow-Origin") != want || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("row 57: %s from %s: %d %v, want %d for %q", what, page, a.status, a.header, status, want)
		}
	}
}

func preflight(e *edge, t *testing.T, path, origin string) *answer {
	t.Helper()
	return e.do(t, call{method: "OPTIONS", path: path, header: map[string]string{"Origin": origin, "Access-Control-Request-Method": "POST"}})
}

// Row 57.
func TestCORS_APageReadsWhatIsAboutItsOwnClient(t *testing.T) {
	onStores(t, func(t *testing.T, st store.Store) {
		e := newPaged(t, st)
		form := func(id, name, value string) url.Values {
			return url.Values{"client_id": {id}, "grant_type": {"refresh_token"}, name: {value}}
		}
		e.readBy(t, "a refusal of demo-spa", 400, call{path: "/token", form: form("demo-spa", "refresh_token", "x")}, configPage, spaPage)
		e.readBy(t, "a refusal of shop", 401, call{path: "/token", form: form("shop", "client_secret", "wrong")}, configPage, shopPage)
		e.readBy(t, "a client without pages", 401, call{path: "/token", form: form("demo-web", "client_secret", "wrong")}, configPage)
		e.readBy(t, "nobody's client", 401, call{path: "/token", form: form("nobody", "client_secret", "wrong")}, configPage)
		e.readBy(t, "no client at all", 400, call{path: "/token", form: url.Values{"a\x00": {"b"}}}, configPage)
		e.readBy(t, "a revocation", 200, call{path: "/revoke", form: form("demo-spa", "token", "x")}, configPage, spaPage)

		tok := e.userTokens(t, "openid").member(t, "access_token")
		about := call{method: "GET", path: "/userinfo", auth: "Bearer " + tok}
		e.readBy(t, "userinfo", 200, about, configPage, spaPage)
		if err := e.flows.RevokeAnyToken(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		e.readBy(t, "userinfo of a revoked token", 401, about, configPage, spaPage)
		about.auth = "Bearer x" + tok
		e.readBy(t, "userinfo of no token of ours", 401, about, configPage)
		about.auth = ""
		e.readBy(t, "userinfo of nobody", 401, about, configPage)
		for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
			e.readBy(t, path, 200, call{method: "GET", path: path}, configPage, spaPage, shopPage)
		}
		e.readBy(t, "introspection", 401, call{path: "/introspect", form: url.Values{"token": {tok}, "client_id": {"demo-spa"}}})
		e.readBy(t, "validation", 401, call{method: "GET", path: "/validate", auth: "Bearer " + tok})
		e.readBy(t, "authorization", 303, call{method: "GET", path: "/authorize?client_id=demo-spa"})
	})
}

func TestCORS_APreflightIsAnsweredForEveryRegisteredPage(t *testing.T) {
	onStores(t, func(t *testing.T, st store.Store) {
		e := newPaged(t, st)
		want := func(origin string, status int, paths ...string) {
			t.Helper()
			for _, path := range paths {
				a := preflight(e, t, path, origin)
				allowed := map[bool]string{true: origin}[status == 204]
				if a.status != status || a.header.Get("Access-Control-Allow-Origin") != allowed || a.header.Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("row 57: %s from %s: %d %v", path, origin, a.status, a.header)
				}
			}
		}
		open := []string{"/token", "/revoke", "/userinfo", "/.well-known/jwks.json", "/.well-known/openid-configuration"}
		for _, origin := range []string{configPage, spaPage, shopPage} {
			want(origin, 204, open...)
			want(origin, 405, "/authorize", "/introspect", "/introspect/batch", "/login", "/consent", "/logout", "/livez")
		}
		for _, origin := range []string{evilPage, "null", "*", "", spaPage + "/", "HTTPS://SPA.EXAMPLE", spaPage + ":443", spaPage + " " + shopPage} {
			want(origin, 405, open...)
		}
		if a := preflight(e, t, "/validate", spaPage); a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("row 57: /validate: %v", a.header)
		}
		e.setOrigins(t, "demo-spa")
		want(spaPage, 405, open...)
		want(shopPage, 204, open...)
		if err := e.flows.DeleteClient(t.Context(), "shop"); err != nil {
			t.Fatal(err)
		}
		want(shopPage, 405, open...)
		want(configPage, 204, open...)
		e.setOrigins(t, "demo-spa", shopPage)
		want(shopPage, 204, open...)
	})
}

func TestCORS_EveryAnswerThatDependsOnThePageSaysSo(t *testing.T) {
	mem := memstore.New(memstore.Options{})
	t.Cleanup(func() { _ = mem.Close() })
	e := newPaged(t, mem)
	for path, method := range map[string]string{"/token": "POST", "/revoke": "POST", "/userinfo": "GET", "/.well-known/jwks.json": "GET"} {
		for _, origin := range []string{"", spaPage, evilPage} {
			a := e.do(t, call{method: method, path: path, header: map[string]string{"Origin": origin}})
			if vary := a.header.Values("Vary"); len(vary) != 1 || vary[0] != "Origin" {
				t.Errorf("%s from %q: Vary is %q", path, origin, vary)
			}
		}
	}
}

func TestAdmin_OriginsAreRegisteredAsTheConfigurationsAre(t *testing.T) {
	e := newEdge(t)
	a := e.admin(t, "POST", "/clients", `{"client_id":"app","grant_types":["client_credentials"],"allowed_origins":["https://app.example","http://127.0.0.1:3000"]}`)
	a.wants(t, 201, "")
	if a = e.admin(t, "GET", "/clients/app", "").wants(t, 200, ""); !strings.Contains(a.body, `"allowed_origins":["https://app.example","http://127.0.0.1:3000"]`) {
		t.Errorf("%s", a.body)
	}
	for _, bad := range []string{`"*"`, `"null"`, `""`, `"https://app.example/"`, `"https://app.example/x"`, `"http://app.example"`, `"https://APP.example"`,
		`"https://*.app.example"`, `"https://user@app.example"`, `"https://app.example:443"`, `"https://app.example:0"`, `"app.example"`,
		`"javascript://app"`, `"https://app.example\r\nX: y"`, `"https://b\u00fccher.example"`, `"https://app.example https://b.example"`, `"https://"`} {
		e.admin(t, "POST", "/clients", `{"client_id":"bad","grant_types":["client_credentials"],"allowed_origins":[`+bad+`]}`).wants(t, 400, "invalid_request")
	}
	many := `"https://app.example"`
	for range 16 {
		many += `,"https://app.example"`
	}
	e.admin(t, "POST", "/clients", `{"client_id":"bad","grant_types":["client_credentials"],"allowed_origins":[`+many+`]}`).wants(t, 400, "invalid_request")
}
