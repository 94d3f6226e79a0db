package server

import (
	"fmt"
	"strings"
	"testing"
)

const tokenBodyText = "grant_type=client_credentials"

// tokenRequest is a good request to /token with more header lines, and an own body if not "".
func tokenRequest(lines, body string) string {
	if body == "" {
		body = fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(tokenBodyText), tokenBodyText)
	}
	return "POST /token HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: " + serviceBasic + "\r\n" + lines + body
}

func TestTransport_TheRequestThatAttacksChangeIsGood(t *testing.T) {
	e := newEdge(t)
	e.raw(t, tokenRequest(formHeader, "")).wants(t, 200, "")
}

// A framing that two readers could understand differently ends the connection (RFC 9112).
func TestTransport_AmbiguousFramingDropsTheConnection(t *testing.T) {
	e := newEdge(t)
	sized := fmt.Sprintf("Content-Length: %d\r\n", len(tokenBodyText))
	chunked := fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(tokenBodyText), tokenBodyText)
	smuggled := "GET /smug HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, raw := range map[string]string{
		"row 1: Content-Length twice, equal":     tokenRequest(formHeader+sized+sized, "\r\n"+tokenBodyText),
		"row 2: Content-Length twice, different": tokenRequest(formHeader+sized+"Content-Length: 3\r\n", "\r\n"+tokenBodyText),
		"row 3: Content-Length as a list":        tokenRequest(formHeader+"Content-Length: 3, 3\r\n", "\r\nabc"),
		"row 4: Content-Length +3":               tokenRequest(formHeader+"Content-Length: +3\r\n", "\r\nabc"),
		"row 4: Content-Length 0x3":              tokenRequest(formHeader+"Content-Length: 0x3\r\n", "\r\nabc"),
		"row 4: Content-Length -1":               tokenRequest(formHeader+"Content-Length: -1\r\n", "\r\nabc"),
		"row 4: Content-Length empty":            tokenRequest(formHeader+"Content-Length:\r\n", "\r\nabc"),
		"row 4: Content-Length 3 3":              tokenRequest(formHeader+"Content-Length: 3 3\r\n", "\r\nabc"),
		"row 4: Content-Length in Arabic digits": tokenRequest(formHeader+"Content-Length: ٣\r\n", "\r\nabc"),
		"row 6: Content-Length and chunked":      tokenRequest(formHeader+sized, chunked+smuggled),
		"row 7: chunked on HTTP/1.0":             strings.Replace(tokenRequest(formHeader, chunked), "HTTP/1.1", "HTTP/1.0", 1),
		"row 8: xchunked":                        tokenRequest(formHeader+"Transfer-Encoding: xchunked\r\n", "\r\n0\r\n\r\n"),
		"row 8: chunked, identity":               tokenRequest(formHeader+"Transfer-Encoding: chunked, identity\r\n", "\r\n0\r\n\r\n"),
		"row 8: vertical tab before chunked":     tokenRequest(formHeader+"Transfer-Encoding: \x0bchunked\r\n", "\r\n0\r\n\r\n"),
		"row 8: quoted chunked":                  tokenRequest(formHeader+"Transfer-Encoding: \"chunked\"\r\n", "\r\n0\r\n\r\n"),
		"row 8: gzip, chunked":                   tokenRequest(formHeader+"Transfer-Encoding: gzip, chunked\r\n", "\r\n0\r\n\r\n"),
		"row 9: identity and Content-Length":     tokenRequest(formHeader+"Transfer-Encoding: identity\r\n"+sized, "\r\n"+tokenBodyText),
		"row 11: space before the colon":         tokenRequest(formHeader, strings.Replace(chunked, "Encoding:", "Encoding :", 1)),
		"row 11: tab before the colon":           tokenRequest(formHeader+"Content-Length\t: 3\r\n", "\r\nabc"),
		"row 12: chunk size ended by LF":         tokenRequest(formHeader, strings.Replace(chunked, "\r\n"+tokenBodyText, "\n"+tokenBodyText, 1)),
		"row 12: LF in a chunk extension":        tokenRequest(formHeader, strings.Replace(chunked, "\r\n"+tokenBodyText, ";a\nb\r\n"+tokenBodyText, 1)),
		"row 12: header line ended by LF":        tokenRequest(formHeader+"X-A: a\n", ""),
		"row 12: first header ended by LF":       "GET /livez HTTP/1.1\r\nHost: x\nX-A: a\r\n\r\n",
		"row 12: header ended by CR CR LF":       tokenRequest(formHeader+"X-A: a\r\r\n", ""),
		"row 13: chunk size of 16 f":             tokenRequest(formHeader, "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
		"row 13: chunk size 0x3":                 tokenRequest(formHeader, "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"),
		"row 13: chunk size -1":                  tokenRequest(formHeader, "Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n"),
		"row 13: chunk size of 17 digits":        tokenRequest(formHeader, "Transfer-Encoding: chunked\r\n\r\n00000000000000003\r\nabc\r\n0\r\n\r\n"),
		"row 16: folded header":                  tokenRequest(formHeader+"X-Auth-User: x\r\n y\r\n", ""),
		"row 16: folded first header":            "GET /livez HTTP/1.1\r\n Host: x\r\nHost: y\r\n\r\n",
		"row 17: NUL in a value":                 tokenRequest(formHeader+"X-A: a\x00b\r\n", ""),
		"row 17: CR in a value":                  tokenRequest(formHeader+"X-A: a\rb\r\n", ""),
		"row 17: DEL in a value":                 tokenRequest(formHeader+"X-A: a\x7fb\r\n", ""),
		"row 17: 0x01 in a value":                tokenRequest(formHeader+"X-A: a\x01b\r\n", ""),
		"row 18: space in a name":                tokenRequest(formHeader+"Bad Header: x\r\n", ""),
		"row 18: parenthesis in a name":          tokenRequest(formHeader+"Bad(: x\r\n", ""),
		"row 18: non-ASCII name":                 tokenRequest(formHeader+"Bäd: x\r\n", ""),
		"row 18: no colon":                       tokenRequest(formHeader+"Bad\r\n", ""),
		"row 19: no Host":                        "GET /livez HTTP/1.1\r\n\r\n",
		"row 19: two Hosts":                      "GET /livez HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
		"row 19: Host with userinfo":             "GET /livez HTTP/1.1\r\nHost: a@b\r\n\r\n",
		"row 19: Host with a path":               "GET /livez HTTP/1.1\r\nHost: a/b\r\n\r\n",
		"row 19: Host with a space":              "GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n",
		"row 21: HTTP/1.2":                       "GET /livez HTTP/1.2\r\nHost: x\r\n\r\n",
		"row 21: HTTP/2.0":                       "GET /livez HTTP/2.0\r\nHost: x\r\n\r\n",
		"row 21: HTTP/0.9":                       "GET /livez HTTP/0.9\r\nHost: x\r\n\r\n",
		"row 21: HTTP/1.1x":                      "GET /livez HTTP/1.1x\r\nHost: x\r\n\r\n",
		"row 21: http/1.1":                       "GET /livez http/1.1\r\nHost: x\r\n\r\n",
		"row 24: fragment in the path":           "POST /token#/public HTTP/1.1\r\nHost: x\r\n\r\n",
		"row 24: fragment in the query":          "GET /validate?x#/public HTTP/1.1\r\nHost: x\r\n\r\n",
		"row 27: escape %zz in the path":         "GET /validate/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"row 27: escape %u002f in the query":     "GET /userinfo?a=%u002f HTTP/1.1\r\nHost: x\r\n\r\n",
		"row 27: overlong slash in the path":     "GET /validate/%c0%af HTTP/1.1\r\nHost: x\r\n\r\n",
		"row 27: overlong slash in the query":    "GET /validate?scope=%C1%9C HTTP/1.1\r\nHost: x\r\n\r\n",
		"row 41: HTTP/2 preface":                 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"row 42: TLS client hello":               "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"absolute form":                          "GET http://evil.example/livez HTTP/1.1\r\nHost: x\r\n\r\n",
		"two slashes at the start":               "GET //evil.example/livez HTTP/1.1\r\nHost: x\r\n\r\n",
		"asterisk form":                          "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"row 22: CONNECT":                        "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			a := e.raw(t, raw)
			if a.wants(t, 400, "invalid_request"); !a.closed {
				t.Error("the connection was kept")
			}
		})
	}
}

// fasthttp reads chunks where nobody can look on, and is content with a size and spaces after it.
// Whoever reads that otherwise finds another end of the body: nothing is read behind it.
func TestTransport_AChunkedBodyIsTheLastOfItsConnection(t *testing.T) {
	e := newEdge(t)
	for name, size := range map[string]string{"chunked": "%x", "row 13: chunk size and a space": "%x "} {
		t.Run(name, func(t *testing.T) {
			body := fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n"+size+"\r\n%s\r\n0\r\n\r\n", len(tokenBodyText), tokenBodyText)
			a := e.raw(t, tokenRequest(formHeader, body)+"GET /smug HTTP/1.1\r\nHost: x\r\n\r\n")
			if a.wants(t, 200, ""); !a.closed {
				t.Error("the connection was kept")
			}
		})
	}
}

func TestTransport_OnlyTheExactMethodIsServed(t *testing.T) {
	e := newEdge(t)
	long := strings.Repeat("A", 8<<10)
	for _, method := range []string{"get", "PoSt", "post", "BREW", "TRACE", "TRACK", "PUT", "DELETE", "PATCH", "GET", "HEAD", "OPTIONS", long} {
		t.Run(fmt.Sprintf("row 22: %.10s", method), func(t *testing.T) {
			a := e.raw(t, method+" /token HTTP/1.1\r\nHost: x\r\nX-Echo: "+canary+"\r\nX-HTTP-Method-Override: POST\r\n\r\n")
			a.wants(t, 405, "")
			if a.header.Get("Allow") != "POST" {
				t.Errorf("Allow %q, want POST", a.header.Get("Allow"))
			}
			if strings.Contains(a.body, canary) || strings.Contains(fmt.Sprint(a.header), canary) {
				t.Error("the request was echoed")
			}
		})
	}
	t.Run("row 23: method override", func(t *testing.T) {
		a := e.raw(t, "GET /token?_method=POST HTTP/1.1\r\nHost: x\r\nX-HTTP-Method-Override: POST\r\n\r\n")
		a.wants(t, 405, "method_not_allowed")
	})
	t.Run("row 228: JSONP", func(t *testing.T) {
		e.raw(t, "GET /revoke?callback=x&token=y HTTP/1.1\r\nHost: x\r\n\r\n").wants(t, 405, "method_not_allowed")
	})
	t.Run("a resource of two rows lists both", func(t *testing.T) {
		a := e.do(t, call{method: "PATCH", path: "/admin/v1/clients", ops: true})
		if a.wants(t, 405, ""); a.header.Get("Allow") != "GET, POST" {
			t.Errorf("Allow %q", a.header.Get("Allow"))
		}
	})
}

// Paths are compared as they were sent: no spelling of a path is another one's.
func TestTransport_NoOtherSpellingReachesAPath(t *testing.T) {
	e := newEdge(t)
	for _, path := range []string{"/admin/v1/clients", "/public/%2e%2e/admin/v1/clients", "/admin%2fv1%2fclients", "/./admin/v1/clients", "/admin;x/v1/clients",
		"/%2561dmin/v1/clients", "/public/../token", "/%74oken", "/TOKEN", "/token/", "/token;a=b", "/metrics", "/debug/pprof/", "/healthz",
		"/.well-known/jwks.json/", "/.WELL-KNOWN/openid-configuration", "/.well-known/oauth-authorization-server/path"} {
		t.Run("row 26, 308, 377: "+path, func(t *testing.T) {
			e.raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer test-admin-token\r\n\r\n").wants(t, 404, "not_found")
		})
	}
	t.Run("row 26: backslash", func(t *testing.T) {
		e.raw(t, "GET /\\admin HTTP/1.1\r\nHost: x\r\n\r\n").wants(t, 400, "invalid_request")
	})
	t.Run("row 26: on the ops listener, without the admin token", func(t *testing.T) {
		for _, path := range []string{"/x/%2e%2e/admin/v1/clients", "/admin%2fv1%2fclients", "/./admin/v1/clients", "/admin/v1/clients/../clients"} {
			if a := e.do(t, call{method: "GET", path: path, ops: true}); a.status != 404 && a.status != 401 {
				t.Errorf("%s: status %d", path, a.status)
			}
		}
	})
}
