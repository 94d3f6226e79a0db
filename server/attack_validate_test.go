package server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

var identityHeaders = []string{"X-Auth-Subject", "X-Auth-Client", "X-Auth-Scope", "X-Auth-Audience", "X-Auth-Expires", "X-Auth-Token-Id"}

// noIdentity checks that an answer says nothing about anybody.
func noIdentity(t *testing.T, a *answer) {
	t.Helper()
	for name := range a.header {
		if strings.HasPrefix(name, "X-Auth-") {
			t.Errorf("status %d carries %s", a.status, name)
		}
	}
	if a.body != "" {
		t.Errorf("status %d with body %q", a.status, a.body)
	}
}

func (e *edge) validate(t *testing.T, query, tok string) *answer {
	t.Helper()
	return e.do(t, call{method: "GET", path: "/validate" + query, auth: "Bearer " + tok})
}

func TestValidate_SaysWhoItIs(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	for _, path := range []string{"/validate", "/validate/", "/validate/orders/1?id=7&id=8", "/validate/a//b/../c"} {
		for _, method := range []string{"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PROPFIND", "TRACE"} {
			a := e.do(t, call{method: method, path: path, auth: "Bearer " + tok})
			if a.wants(t, 200, ""); a.body != "" {
				t.Errorf("%s %s: body %q", method, path, a.body)
			}
			for _, name := range identityHeaders {
				if len(a.header[http.CanonicalHeaderKey(name)]) != 1 {
					t.Errorf("%s %s: %s = %q", method, path, name, a.header[name])
				}
			}
			if a.header.Get("X-Auth-Subject") != "demo-service" || a.header.Get("X-Auth-Client") != "demo-service" ||
				a.header.Get("X-Auth-Scope") != "orders:read orders:write" || a.header.Get("X-Auth-Audience") != testIssuer+"/resources" {
				t.Errorf("%s %s: %v", method, path, a.header)
			}
			expires, err := strconv.ParseInt(a.header.Get("X-Auth-Expires"), 10, 64)
			if left := time.Until(time.Unix(expires, 0)); err != nil || left < 590*time.Second || left > 600*time.Second {
				t.Errorf("X-Auth-Expires %q", a.header.Get("X-Auth-Expires"))
			}
		}
	}
}

func TestValidate_HeadersStandEvenWhereEmpty(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceTokenWithoutScope(t)
	a := e.validate(t, "", tok).wants(t, 200, "")
	if values, there := a.header["X-Auth-Scope"]; !there || len(values) != 1 || values[0] != "" {
		t.Errorf("X-Auth-Scope %q", a.header["X-Auth-Scope"])
	}
}

// serviceTokenWithoutScope gets a token of a client that may ask for nothing.
func (e *edge) serviceTokenWithoutScope(t *testing.T) string {
	t.Helper()
	_, secret, err := e.flows.CreateClient(t.Context(), &oauth.Client{ID: "plain", GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}})
	if err != nil {
		t.Fatal(err)
	}
	return e.do(t, call{path: "/token", auth: basic("plain:" + secret), form: clientCredentials()}).wants(t, 200, "").member(t, "access_token")
}

func TestValidate_RefusalsAreThoseOfTheContract(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	user := e.userTokens(t, "openid offline_access")
	const invalid = `Bearer error="invalid_token"`
	for _, c := range []struct {
		name, query, auth string
		status            int
		challenge         string
	}{
		{"row 243: no token", "", "", 401, "Bearer"},
		{"row 243: Basic is no token", "", basic("a:" + canary), 401, "Bearer"},
		{"garbage", "", "Bearer " + canary, 401, invalid},
		{"row 236: two spaces", "", "Bearer  " + tok, 401, invalid},
		{"row 276: alg none", "", "Bearer eyJhbGciOiJub25lIn0." + strings.Split(tok, ".")[1] + ".", 401, invalid},
		{"row 288: last letter", "", "Bearer " + tok[:len(tok)-1] + string(tok[len(tok)-1]^1), 401, invalid},
		{"id_token", "", "Bearer " + user.member(t, "id_token"), 401, invalid},
		{"refresh token", "", "Bearer " + user.member(t, "refresh_token"), 401, invalid},
		{"row 259: 12 KB", "", "Bearer " + strings.Repeat("a", 12<<10), 401, invalid},
		{"row 262: missing scope", "?scope=orders:delete", "Bearer " + tok, 403, `Bearer error="insufficient_scope", scope="orders:delete"`},
		{"row 262: one of two missing", "?scope=orders:read+admin", "Bearer " + tok, 403, `Bearer error="insufficient_scope", scope="orders:read admin"`},
		{"row 262: other audience", "?aud=https://other.example", "Bearer " + tok, 403, `Bearer error="insufficient_scope"`},
		{"demand twice", "?scope=orders:read&scope=orders:read", "Bearer " + tok, 403, `Bearer error="insufficient_scope"`},
		{"demand under another spelling", "?%73cope=admin", "Bearer " + tok, 403, `Bearer error="insufficient_scope", scope="admin"`},
		{"demand that is no text", "?scope=%00", "Bearer " + tok, 403, `Bearer error="insufficient_scope"`},
		{"demand with quotes", "?scope=%22,%20error=%22x", "Bearer " + tok, 403, `Bearer error="insufficient_scope", scope=", error=x"`},
		{"a bad token goes before a demand", "?scope=admin", "Bearer x", 401, invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := e.do(t, call{method: "GET", path: "/validate" + c.query, auth: c.auth}).wants(t, c.status, "")
			noIdentity(t, a)
			if got := a.header.Get("Www-Authenticate"); got != c.challenge {
				t.Errorf("WWW-Authenticate %q, want %q", got, c.challenge)
			}
		})
	}
}

func TestValidate_DemandsThatAreMetPass(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	for _, query := range []string{"?scope=orders:read", "?scope=orders:write%20orders:read", "?scope=", "?aud=" + testIssuer + "/resources",
		"?scope=orders:read&aud=" + testIssuer + "%2Fresources", "?x=1&x=2&y;z"} {
		e.validate(t, query, tok).wants(t, 200, "")
	}
	t.Run("row 263: a demand is not remembered", func(t *testing.T) {
		e.validate(t, "?scope=orders:read", tok).wants(t, 200, "")
		e.validate(t, "?scope=admin", tok).wants(t, 403, "")
		e.validate(t, "?scope=orders:read", tok).wants(t, 200, "")
	})
}

func TestValidate_NothingOfTheRequestReachesTheAnswer(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	spoof := map[string]string{
		"X-Auth-Subject": canary, "X-Auth-User": canary, "X_Auth_Subject": canary, "X.Auth.User": canary, "X-Auth-Roles": canary,
		"Cookie": "a=" + canary, "X-Forwarded-Uri": "/public?" + canary, "X-Original-URL": "/" + canary, "X-Forwarded-Method": "GET",
		"Connection": "X-Auth-Subject, X-Forwarded-For", "User-Agent": "kube-probe/1.30 " + canary, "X-Forwarded-For": "127.0.0.1",
	}
	for name, auth := range map[string]string{"good": "Bearer " + tok, "bad": "Bearer " + canary, "none": ""} {
		t.Run("row 246, 247, 248, 257, 274: "+name, func(t *testing.T) {
			a := e.do(t, call{method: "GET", path: "/validate?q=" + canary, auth: auth, header: spoof})
			if got := fmt.Sprint(a.header, a.body); strings.Contains(got, canary) || strings.Contains(got, tok) {
				t.Errorf("echoed: %s", got)
			}
			if name == "good" {
				a.wants(t, 200, "")
			} else {
				a.wants(t, 401, "")
				noIdentity(t, a)
			}
		})
	}
}

func TestValidate_LossOfTheStoreIs503(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	a := e.outage(t, call{method: "GET", path: "/validate", auth: "Bearer " + tok})
	noIdentity(t, a)
	e.validate(t, "", tok).wants(t, 200, "")
}

func TestValidate_RevokedTokenIsRefusedWhereverItHangs(t *testing.T) {
	e := newEdge(t)
	for name, end := range map[string]func(tok string) error{
		"the token":  func(tok string) error { return e.flows.RevokeAnyToken(t.Context(), tok) },
		"the client": func(string) error { return e.flows.RevokeGrants(t.Context(), "", "demo-service") },
	} {
		t.Run("row 271: "+name, func(t *testing.T) {
			tok := e.serviceToken(t)
			e.validate(t, "", tok).wants(t, 200, "")
			if err := end(tok); err != nil {
				t.Fatal(err)
			}
			noIdentity(t, e.validate(t, "", tok).wants(t, 401, ""))
			time.Sleep(2 * time.Millisecond) // a client's cut-off counts in milliseconds
		})
	}
}
