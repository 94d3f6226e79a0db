//go:build attacks

package attacks

import (
	"net/http"
	"slices"
	"strings"
)

// identified wants the API to have got who it is, once each, and that to be the service.
func (x *trial) identified(status int, got http.Header) {
	x.Helper()
	if status != 200 || got == nil {
		x.Errorf("nginx answers %d, reached the API: %v", status, got != nil)
		return
	}
	for _, name := range identity {
		if len(got[name]) != 1 || strings.Contains(strings.Join(got[name], ""), "evil") {
			x.Errorf("the API gets %s = %q", name, got[name])
		}
	}
	if got.Get("X-Auth-Subject") != x.service.ID || got.Get("X-Auth-Client") != x.service.ID {
		x.Errorf("the API gets %v", got)
	}
	for name := range got {
		spelled := strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name))
		if strings.HasPrefix(spelled, "x-auth-") && !slices.Contains(identity, name) {
			x.Errorf("the API gets %s = %q, which frameworks may read as ours", name, got[name])
		}
	}
}

func spoofedIdentity(x *trial) {
	g := x.nginx()
	if g == nil {
		x.Fatal("nginx is not installed")
	}
	token := "Authorization: Bearer " + x.token + "\r\n"
	for _, lines := range []string{
		"", "X-Auth-Subject: evil\r\n", "x-auth-subject: evil\r\n", "X_Auth_Subject: evil\r\n", "X.Auth.Subject: evil\r\n", "X-AUTH-SUBJECT: evil\r\nX-Auth-Subject: evil\r\n",
		"X-Auth-Scope: evil\r\nX-Auth-Client: evil\r\nX-Auth-Audience: evil\r\nX-Auth-Expires: 9\r\nX-Auth-Token-Id: evil\r\n", "X-Auth_Subject: evil\r\n",
	} {
		x.identified(x.through(g, "/orders", token+lines))
		for _, bad := range []string{"", "Authorization: Bearer evil\r\n", "Authorization: Basic eDp5\r\n"} {
			if status, got := x.through(g, "/orders", bad+lines); status != 401 || got != nil {
				x.Errorf("without a good token nginx answers %d, reached the API: %v", status, got != nil)
			}
		}
	}
	x.note("through nginx: 200 and our six headers, else 401 and nothing")
}

func strippedIdentity(x *trial) {
	g := x.nginx()
	if g == nil {
		x.Fatal("nginx is not installed")
	}
	for _, list := range []string{"X-Auth-Subject, X-Forwarded-For", "close, X-Auth-Subject, X-Auth-Client, X-Auth-Scope", "keep-alive, Authorization", "Authorization, X-Auth-Token-Id"} {
		x.identified(x.through(g, "/orders", "Authorization: Bearer "+x.token+"\r\nX-Auth-Subject: evil\r\nConnection: "+list+"\r\n"))
		if status, got := x.through(g, "/orders", "X-Auth-Subject: evil\r\nConnection: "+list+"\r\n"); status != 401 || got != nil {
			x.Errorf("without a token nginx answers %d, reached the API: %v", status, got != nil)
		}
	}
	x.note("through nginx: our six headers arrive")
}

// unmoved wants /validate to answer as it does without these headers: 200, 401, 403 by token and demand.
func (x *trial) unmoved(headers ...string) {
	x.Helper()
	with := func(path, token string) answer {
		r := x.request("GET", path, "")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header[headers[i]] = append(r.Header[headers[i]], headers[i+1]) // as spelled
		}
		return x.ask(r)
	}
	x.challenged(with("/validate?scope=admin", x.token), 403, "insufficient_scope")
	x.challenged(with("/validate", "x"), 401, "invalid_token")
	x.challenged(with("/validate", ""), 401, "")
	x.recognized(with("/validate?scope=orders:read", x.token))
}

// recognized is 200 with all six headers, and nothing else.
func (x *trial) recognized(a answer) {
	x.Helper()
	if x.good(a); len(a.Body) > 0 || a.Header.Get("X-Auth-Subject") != x.service.ID {
		x.Errorf("body %q, headers %v", a.Body, a.Header)
	}
	for _, name := range identity {
		if len(a.Header[name]) != 1 {
			x.Errorf("%s = %q", name, a.Header[name])
		}
	}
}

func forwardedURI(x *trial) {
	for _, uri := range []string{"/public", "/", "/livez", "/.well-known/jwks.json", "https://evil.example/"} {
		for _, name := range []string{"X-Forwarded-Uri", "X-Original-Uri", "X-Original-Url", "X-Rewrite-Url", "X-Envoy-Original-Path"} {
			x.unmoved(name, uri)
		}
	}
}

func forwardedConflicts(x *trial) {
	x.unmoved("X-Forwarded-Uri", "/public", "X-Original-Uri", "/admin")
	x.unmoved("X-Forwarded-Uri", "/public", "X-Forwarded-Uri", "/admin")
	x.unmoved("X-Forwarded-Uri", "/public", "x-forwarded-uri", "/admin", "X-Original-Url", "/x", "X-Envoy-Original-Path", "/y")
}

func forwardedFragments(x *trial) {
	for _, uri := range []string{"/admin#/public", "/admin%23/public", "/admin?x#/public"} {
		x.unmoved("X-Forwarded-Uri", uri)
	}
	x.dropped(x.raw("GET /validate#/public HTTP/1.1\r\nHost: x\r\n\r\n"))
	x.dropped(x.raw("GET /validate/admin?x#/public HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + x.token + "\r\n\r\n"))
	x.status(x.get("/validate/admin%23/public"), 401)
}

func validatePaths(x *trial) {
	for _, path := range []string{"/validate/../admin/v1/clients", "/validate/%2e%2e/token", "/validate%2f..%2fadmin", "/validate/%252e%252e/x", "/validate;x", "/validate;/public",
		"/validate//x", "//validate", "/validate/..;/livez", "/validate.", "/validate%20", "/VALIDATE", "/./validate", "/public/../validate", "/validate/.."} {
		for _, auth := range []string{"", "Authorization: Bearer x\r\n", "Authorization: Bearer " + x.token + "\r\n"} {
			a := x.raw("GET " + path + " HTTP/1.1\r\nHost: " + x.address() + "\r\n" + auth + "\r\n")
			passed := a.Status == 200 && strings.Contains(auth, x.token) && strings.HasPrefix(path, "/validate/")
			if passed {
				x.recognized(a)
			} else if x.status(a, 400, 401, 404); strings.Contains(string(a.Body), "client_id") {
				x.Errorf("%s shows %s", path, a.Body)
			}
		}
	}
	x.dropped(x.raw("GET /validate\\admin HTTP/1.1\r\nHost: x\r\n\r\n"))
}

func forwardedMethod(x *trial) {
	for _, method := range []string{"GET", "get", "POST", "", "OPTIONS", strings.Repeat("M", 1024)} {
		x.unmoved("X-Forwarded-Method", method)
		x.unmoved("X-Http-Method-Override", method)
	}
}

func forwardedHost(x *trial) {
	for _, host := range []string{"API.EXAMPLE", "api.example.", "api.example:443", "xn--pi-via.example", "user@api.example", "127.0.0.1", "evil.example, api.example"} {
		x.unmoved("X-Forwarded-Host", host)
	}
}

func forwardedPrefix(x *trial) {
	x.unmoved("X-Forwarded-Prefix", "/public")
	x.unmoved("X-Forwarded-Port", "443", "X-Forwarded-Proto", "https", "X-Forwarded-Scheme", "https")
	x.unmoved("Forwarded", "for=127.0.0.1;host=public.example;proto=https", "X-Real-Ip", "127.0.0.1", "X-Forwarded-For", "127.0.0.1")
}

func probeAgents(x *trial) {
	for _, agent := range []string{"kube-probe/1.30", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "Envoy/HC", "Prometheus/3.0"} {
		x.unmoved("User-Agent", agent)
	}
}
