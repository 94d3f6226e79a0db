package server

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

func basic(userpass string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(userpass))
}

func clientCredentials(more ...string) url.Values {
	f := url.Values{"grant_type": {"client_credentials"}}
	for i := 0; i < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f
}

func TestToken_AnswerIsThatOfRFC6749(t *testing.T) {
	e := newEdge(t)
	a := e.do(t, call{path: "/token", auth: serviceBasic, form: clientCredentials("scope", "orders:read")}).wants(t, 200, "")
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("row 193: headers %v", a.header)
	}
	for _, part := range []string{`"token_type":"Bearer"`, `"expires_in":600`, `"scope":"orders:read"`, `"access_token":"ey`} {
		if !strings.Contains(a.body, part) {
			t.Errorf("row 193: %s lacks %s", a.body, part)
		}
	}
	if strings.Contains(a.body, "refresh_token") || strings.Contains(a.body, "id_token") {
		t.Errorf("row 158: %s", a.body)
	}
}

func TestToken_NothingIsTakenFromTheQuery(t *testing.T) {
	e := newEdge(t)
	secret := url.Values{"grant_type": {"client_credentials"}, "client_id": {"demo-service"}}
	t.Run("row 118: client_secret in the query", func(t *testing.T) {
		e.do(t, call{path: "/token?client_secret=" + canary, form: secret}).wants(t, 400, "invalid_request")
	})
	t.Run("row 119: code in the query", func(t *testing.T) {
		e.do(t, call{path: "/token?code=" + canary, auth: serviceBasic, form: secret}).wants(t, 400, "invalid_request")
	})
	t.Run("row 119: the same name in query and body", func(t *testing.T) {
		e.do(t, call{path: "/token?grant_type=client_credentials", auth: serviceBasic, form: clientCredentials()}).wants(t, 400, "invalid_request")
	})
	t.Run("row 199: token in the query of /introspect", func(t *testing.T) {
		e.do(t, call{path: "/introspect?token=" + canary, auth: gatewayBasic, form: url.Values{}}).wants(t, 400, "invalid_request")
	})
	t.Run("token in the query of /revoke", func(t *testing.T) {
		e.do(t, call{path: "/revoke?token=" + canary, auth: serviceBasic, form: url.Values{"token": {"x"}}}).wants(t, 400, "invalid_request")
	})
}

func TestToken_ClientAuthentication(t *testing.T) {
	e := newEdge(t)
	const id, secret = "demo-service", "demo-service-secret"
	cases := []struct {
		name, auth string
		form       url.Values
		status     int
		code       string
	}{
		{"Basic", basic(id + ":" + secret), clientCredentials(), 200, ""},
		{"row 126: scheme in lower case", "basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret)), clientCredentials(), 200, ""},
		{"row 127: form-encoded halves are decoded once", basic("demo%2Dservice:demo%2dservice%2Dsecret"), clientCredentials(), 200, ""},
		{"body", "", clientCredentials("client_id", id, "client_secret", secret), 200, ""},
		{"same client_id in Basic and body", basic(id + ":" + secret), clientCredentials("client_id", id), 200, ""},
		{"row 121: Basic and body secret", basic(id + ":" + secret), clientCredentials("client_id", id, "client_secret", secret), 400, "invalid_request"},
		{"row 122: Basic and assertion", basic(id + ":" + secret), clientCredentials("client_assertion", "x.y.z", "client_assertion_type", "urn:x"), 400, "invalid_request"},
		{"row 122: secret and assertion", "", clientCredentials("client_id", id, "client_secret", secret, "client_assertion", "x.y.z"), 400, "invalid_request"},
		{"row 139: assertion alone", "", clientCredentials("client_id", id, "client_assertion_type", "urn:x"), 401, "invalid_client"},
		{"row 123: Basic with a wrong secret", basic(id + ":" + canary), clientCredentials(), 401, "invalid_client"},
		{"row 124: body with a wrong secret", "", clientCredentials("client_id", id, "client_secret", canary), 401, "invalid_client"},
		{"row 126: not base64", "Basic !!!" + canary, clientCredentials(), 401, "invalid_client"},
		{"row 126: no colon", basic(canary), clientCredentials(), 401, "invalid_client"},
		{"row 126: newline", basic(id + ":" + secret + "\n"), clientCredentials(), 401, "invalid_client"},
		{"row 126: NUL", basic(id + ":" + secret + "\x00"), clientCredentials(), 401, "invalid_client"},
		{"row 126: two spaces", "Basic  " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret)), clientCredentials(), 401, "invalid_client"},
		{"row 126: nothing", "Basic ", clientCredentials(), 401, "invalid_client"},
		{"row 126: unpadded base64", strings.TrimRight(basic(id+":"+secret), "="), clientCredentials(), 401, "invalid_client"},
		{"row 127: decoded twice would match", basic("demo%252Dservice:" + secret), clientCredentials(), 401, "invalid_client"},
		{"row 127: bad escape", basic("demo%zz:" + secret), clientCredentials(), 401, "invalid_client"},
		{"row 127: plus is a space", basic("demo+service:" + secret), clientCredentials(), 401, "invalid_client"},
		{"row 128: body names another client", basic(id + ":" + secret), clientCredentials("client_id", "demo-gateway"), 400, "invalid_request"},
		{"row 129: no credentials", "", clientCredentials("client_id", id), 401, "invalid_client"},
		{"row 129: nothing at all", "", clientCredentials(), 401, "invalid_client"},
		{"row 132: empty secret", basic(id + ":"), clientCredentials(), 401, "invalid_client"},
		{"row 132: secret null", basic(id + ":null"), clientCredentials(), 401, "invalid_client"},
		{"row 133: the first 72 bytes", basic(id + ":" + secret + strings.Repeat("x", 72)), clientCredentials(), 401, "invalid_client"},
		{"row 48: look-alike of the client id", basic("ſemo-\u212aervice:" + secret), clientCredentials(), 401, "invalid_client"},
		{"row 48: client id in capitals", basic("DEMO-SERVICE:" + secret), clientCredentials(), 401, "invalid_client"},
		{"unknown client", basic("nobody:" + canary), clientCredentials(), 401, "invalid_client"},
		{"Bearer is no client authentication", "Bearer " + canary, clientCredentials(), 401, "invalid_client"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := e.do(t, call{path: "/token", auth: c.auth, form: c.form}).wants(t, c.status, c.code)
			challenged := strings.HasPrefix(a.header.Get("Www-Authenticate"), "Basic realm=")
			if want := c.status == 401 && c.auth != ""; challenged != want {
				t.Errorf("WWW-Authenticate %q", a.header.Get("Www-Authenticate"))
			}
		})
	}
	t.Run("row 133: secret of 60 KB costs nothing", func(t *testing.T) {
		took := fastest(func() {
			e.do(t, call{path: "/token", form: clientCredentials("client_id", id, "client_secret", strings.Repeat("s", 60<<10))}).wants(t, 401, "invalid_client")
		})
		if took > 200*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestToken_OneMethodWhereRegisteredForOne(t *testing.T) {
	e := newEdge(t)
	client := &oauth.Client{ID: "basic-only", AuthMethod: oauth.AuthSecretBasic, GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}}
	_, secret, err := e.flows.CreateClient(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	e.do(t, call{path: "/token", auth: basic("basic-only:" + secret), form: clientCredentials()}).wants(t, 200, "")
	t.Run("row 131: the other method", func(t *testing.T) {
		e.do(t, call{path: "/token", form: clientCredentials("client_id", "basic-only", "client_secret", secret)}).wants(t, 401, "invalid_client")
	})
}

func TestToken_GrantsThatAreNotOffered(t *testing.T) {
	e := newEdge(t)
	for grant, code := range map[string]string{
		"":                            "invalid_request",
		"password":                    "unsupported_grant_type",
		"implicit":                    "unsupported_grant_type",
		"Authorization_Code":          "unsupported_grant_type",
		"client_credentials ":         "unsupported_grant_type",
		"authorization_code":          "unauthorized_client",
		"refresh_token":               "unauthorized_client",
		"urn:ietf:params:x:" + canary: "unsupported_grant_type",
	} {
		t.Run("row 143, 144: "+grant, func(t *testing.T) {
			e.do(t, call{path: "/token", auth: serviceBasic, form: url.Values{"grant_type": {grant}}}).wants(t, 400, code)
		})
	}
	for _, scope := range []string{"openid", "offline_access", "orders:read openid", "profile", "admin", `"`, "a  b"} {
		t.Run("row 157: scope "+scope, func(t *testing.T) {
			e.do(t, call{path: "/token", auth: serviceBasic, form: clientCredentials("scope", scope)}).wants(t, 400, "invalid_scope")
		})
	}
}

func TestToken_OutageIsNeverTheClientsFault(t *testing.T) {
	e := newEdge(t)
	e.outage(t, call{path: "/token", auth: serviceBasic, form: clientCredentials()}).wants(t, 503, "temporarily_unavailable")
}

func TestToken_UnknownParametersAreIgnored(t *testing.T) {
	e := newEdge(t)
	e.do(t, call{path: "/token", auth: serviceBasic, form: clientCredentials("foo", "bar", "state", "x")}).wants(t, 200, "")
}
