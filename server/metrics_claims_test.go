package server

import (
	"net/url"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"
)

func TestMetrics_ClaimsAreHitsOnceTheyWereVerified(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.Metrics = metrics.NewSet() })
	check := func(hits, misses string) {
		t.Helper()
		all := e.do(t, call{method: "GET", path: "/metrics", ops: true}).body
		for _, want := range []string{"tollgate_claims_cache_hits_total " + hits, "tollgate_claims_cache_misses_total " + misses} {
			if !strings.Contains(all, "\n"+want+"\n") {
				t.Errorf("/metrics lacks %s", want)
			}
		}
	}
	validate := func(tok string, status int) {
		t.Helper()
		e.do(t, call{method: "GET", path: "/validate", auth: "Bearer " + tok}).wants(t, status, "")
	}
	check("0", "0")
	a, b := e.serviceToken(t), e.serviceToken(t)
	validate(a, 200)
	check("0", "1")
	validate(a, 200)
	check("1", "1")
	introspect := func(tok string) {
		t.Helper()
		e.do(t, call{path: "/introspect", auth: gatewayBasic, form: url.Values{"token": {tok}}}).wants(t, 200, "")
	}
	introspect(a)
	introspect(b)
	check("2", "2")
	for _, junk := range []string{"junk", a[:len(a)-8] + "AAAAAAAA"} {
		validate(junk, 401)
		introspect(junk)
	}
	check("2", "2")
	e.do(t, call{path: "/introspect/batch", auth: gatewayBasic, json: `{"tokens":["` + a + `","` + b + `","junk"]}`}).wants(t, 200, "")
	check("4", "2")
	introspect(e.userTokens(t, "openid offline_access").member(t, "refresh_token")) // says nothing of claims
	check("4", "2")
}
