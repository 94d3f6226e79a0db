package server

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestMetadata_BothDocumentsNameEverything(t *testing.T) {
	e := newEdge(t)
	a := e.do(t, call{method: "GET", path: "/.well-known/openid-configuration"}).wants(t, 200, "")
	b := e.do(t, call{method: "GET", path: "/.well-known/oauth-authorization-server"}).wants(t, 200, "")
	if a.body != b.body {
		t.Error("the two documents differ")
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"issuer": "", "authorization_endpoint": "/authorize", "token_endpoint": "/token", "userinfo_endpoint": "/userinfo",
		"jwks_uri": "/.well-known/jwks.json", "introspection_endpoint": "/introspect", "revocation_endpoint": "/revoke", "end_session_endpoint": "/logout"} {
		if doc[name] != testIssuer+path {
			t.Errorf("%s = %v", name, doc[name])
		}
	}
	for name, want := range map[string]string{"response_types_supported": "code", "code_challenge_methods_supported": "S256", "subject_types_supported": "public",
		"response_modes_supported": "query", "id_token_signing_alg_values_supported": "RS256,ES256,EdDSA",
		"token_endpoint_auth_methods_supported":         "client_secret_basic,client_secret_post,none",
		"introspection_endpoint_auth_methods_supported": "client_secret_basic,client_secret_post",
		"grant_types_supported":                         "authorization_code,refresh_token,client_credentials"} {
		var got []string
		list, _ := doc[name].([]any)
		for _, v := range list {
			got = append(got, v.(string))
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s = %v, want %s", name, got, want)
		}
	}
	if doc["authorization_response_iss_parameter_supported"] != true || doc["request_uri_parameter_supported"] != false {
		t.Errorf("document %s", a.body)
	}
}

func TestMetadata_EveryEndpointItNamesIsThere(t *testing.T) {
	e := newEdge(t)
	var doc map[string]any
	if err := json.Unmarshal([]byte(e.do(t, call{method: "GET", path: "/.well-known/openid-configuration"}).body), &doc); err != nil {
		t.Fatal(err)
	}
	for name, value := range doc {
		if address, ok := value.(string); ok && name != "issuer" {
			path := strings.TrimPrefix(address, testIssuer)
			if a := e.do(t, call{method: "GET", path: path}); a.status == 404 {
				t.Errorf("%s: %s is not served", name, path)
			}
		}
	}
}

func TestJWKS_HoldsPublicKeysOnly(t *testing.T) {
	e := newEdge(t)
	a := e.do(t, call{method: "GET", path: "/.well-known/jwks.json"}).wants(t, 200, "")
	if cc := a.header.Get("Cache-Control"); !strings.HasPrefix(cc, "public, max-age=") {
		t.Errorf("row 316: Cache-Control %q", cc)
	}
	var doc struct{ Keys []map[string]string }
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil || len(doc.Keys) < 3 {
		t.Fatalf("%s: %v", a.body, err)
	}
	var kids []string
	for _, key := range doc.Keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} {
			if _, there := key[private]; there {
				t.Errorf("row 311: key %s publishes %s", key["kid"], private)
			}
		}
		if key["kty"] == "oct" || key["alg"] == "" || key["use"] != "sig" {
			t.Errorf("row 312: key %v", key)
		}
		kids = append(kids, key["kid"])
	}
	if slices.Sort(kids); len(slices.Compact(kids)) != len(doc.Keys) {
		t.Errorf("row 312: kid twice in %v", kids)
	}
}

func TestDocuments_AreKeptUntilTheyChange(t *testing.T) {
	e := newEdge(t)
	for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		first := e.do(t, call{method: "GET", path: path}).wants(t, 200, "")
		etag := first.header.Get("Etag")
		for _, value := range []string{etag, "W/" + etag, `"x", ` + etag, "*"} {
			a := e.do(t, call{method: "GET", path: path, header: map[string]string{"If-None-Match": value}}).wants(t, 304, "")
			if a.body != "" || a.header.Get("Etag") != etag {
				t.Errorf("row 316: %s: body %q, ETag %q", path, a.body, a.header.Get("Etag"))
			}
		}
		e.do(t, call{method: "GET", path: path, header: map[string]string{"If-None-Match": `"other"`}}).wants(t, 200, "")
		if a := e.do(t, call{method: "HEAD", path: path}).wants(t, 200, ""); a.body != "" || a.header.Get("Etag") != etag {
			t.Errorf("HEAD %s: %q", path, a.body)
		}
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			if a := e.do(t, call{method: method, path: path}).wants(t, 405, "method_not_allowed"); a.header.Get("Allow") != "GET, HEAD" {
				t.Errorf("row 309: Allow %q", a.header.Get("Allow"))
			}
		}
	}
	before := e.do(t, call{method: "GET", path: "/.well-known/jwks.json"})
	if err := e.keys.Rotate(t.Context(), "", true); err != nil {
		t.Fatal(err)
	}
	after := e.do(t, call{method: "GET", path: "/.well-known/jwks.json", header: map[string]string{"If-None-Match": before.header.Get("Etag")}})
	if after.wants(t, 200, ""); after.header.Get("Etag") == before.header.Get("Etag") {
		t.Error("the key set changed and its ETag did not")
	}
}

func TestCORS_OnlyRegisteredOriginsOnOpenEndpoints(t *testing.T) {
	const origin = "https://app.example"
	e := newEdge(t, func(c *Config) { c.AllowedOrigins = []string{origin} })
	open := map[string]string{"/token": "POST", "/revoke": "POST", "/userinfo": "GET, POST", "/.well-known/jwks.json": "GET, HEAD",
		"/.well-known/openid-configuration": "GET, HEAD", "/.well-known/oauth-authorization-server": "GET, HEAD"}
	closed := []string{"/authorize", "/introspect", "/introspect/batch", "/login", "/consent", "/logout", "/livez", "/readyz"}
	preflight := func(path, origin string) *answer {
		return e.do(t, call{method: "OPTIONS", path: path, header: map[string]string{"Origin": origin, "Access-Control-Request-Method": "POST"}})
	}
	for path, methods := range open {
		a := preflight(path, origin)
		if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != origin || a.header.Get("Access-Control-Allow-Methods") != methods {
			t.Errorf("%s: preflight %d %v", path, a.status, a.header)
		}
		for _, evil := range []string{"https://evil.example", "null", "*", origin + ".evil.example", "HTTPS://APP.EXAMPLE", origin + ":443", ""} {
			if a := preflight(path, evil); a.header.Get("Access-Control-Allow-Origin") != "" || a.status != 405 {
				t.Errorf("row 57: %s: preflight from %q: %d %v", path, evil, a.status, a.header)
			}
		}
	}
	for _, path := range closed {
		if a := preflight(path, origin); a.header.Get("Access-Control-Allow-Origin") != "" || a.status != 405 {
			t.Errorf("row 57: %s: preflight %d %v", path, a.status, a.header)
		}
	}
	t.Run("a page can read refusals, too", func(t *testing.T) {
		a := e.do(t, call{path: "/token", form: clientCredentials(), header: map[string]string{"Origin": origin}}).wants(t, 401, "invalid_client")
		if a.header.Get("Access-Control-Allow-Origin") != origin || a.header.Get("Vary") != "Origin" {
			t.Errorf("headers %v", a.header)
		}
	})
	t.Run("row 57: nobody gets credentials", func(t *testing.T) {
		for _, path := range append(closed, "/token", "/userinfo") {
			for _, o := range []string{origin, "https://evil.example", "null"} {
				a := e.do(t, call{method: "GET", path: path, header: map[string]string{"Origin": o, "Cookie": "a=b"}})
				if a.header.Get("Access-Control-Allow-Credentials") != "" || o != origin && a.header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s from %s: %v", path, o, a.header)
				}
			}
		}
	})
	t.Run("two Origin headers", func(t *testing.T) {
		a := e.raw(t, "GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\nOrigin: "+origin+"\r\n\r\n")
		if a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("headers %v", a.header)
		}
	})
}
