package server

import (
	"net/url"
	"strings"
	"testing"
)

func TestSample_EveryRefusalAtIntrospectIsLogged(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.LogSample = 1000 })
	tok := e.serviceToken(t)
	e.log.take()
	forged := tok[:strings.LastIndexByte(tok, '.')+1] + strings.Repeat("A", len(tok)-strings.LastIndexByte(tok, '.')-1)
	lines := 0
	for range 200 {
		if got := e.send(t, call{path: "/introspect", auth: gatewayBasic, form: url.Values{"token": {forged}}}).wants(t, 200, "").body; got != inactive {
			t.Fatal(got)
		}
		lines += len(e.log.take())
	}
	if lines < 200 {
		t.Errorf("%d of 200 refusals of a forged token at /introspect are logged; at /validate all are", lines)
	}
}
