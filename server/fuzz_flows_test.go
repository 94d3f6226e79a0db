package server

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tollgate/flows/oauth"
)

// FuzzAuthorize sends a browser to /authorize with anything in the query: it is sent on to our own pages
// or to where a client is registered, and the client is told who says so, and its own state.
func FuzzAuthorize(f *testing.F) {
	const good = "response_type=code&client_id=demo-web&redirect_uri=http%3A%2F%2F127.0.0.1%3A8085%2Fcallback&scope=openid&state=s&code_challenge=" + pkceChallenge + "&code_challenge_method=S256"
	replaced := func(name, value string) string {
		q, _ := url.ParseQuery(good)
		q.Set(name, value)
		return q.Encode()
	}
	f.Add(good)
	f.Add(strings.ReplaceAll(good, "demo-web", "demo-spa"))
	f.Add(good + "&redirect_uri=https://evil.example/") // row 79
	f.Add(good + "&unknown=1&state=")                   // rows 86, 88
	f.Add("")
	for name, values := range map[string][]string{
		"redirect_uri": {"https://127.0.0.1:8085@evil/callback", `http://evil\@127.0.0.1:8085/callback`, "http://127.0.0.1:8085/callback/../x", "//evil", "javascript:alert(1)",
			"http://127.0.0.1:51004/callback", "http://127.0.0.1.evil/callback", "http://2130706433/callback", "HTTP://127.0.0.1:8085/callback"}, // rows 64-84
		"client_id":             {"", "nobody", "\u212aey", "demo-spa"},                                    // rows 61, 62, 48
		"response_type":         {"", "token", "code id_token"},                                            // row 89
		"response_mode":         {"fragment", "query"},                                                     // row 91
		"code_challenge_method": {"plain", ""},                                                             // rows 93, 94
		"code_challenge":        {"", "short"},                                                             // row 92
		"scope":                 {`a"b`, "offline_access", strings.Repeat("s ", 500)},                      // row 97
		"prompt":                {"none", "login none", "consent"},                                         // row 99
		"max_age":               {"-1", "abc", "1000000000000000000000", "0"},                              // row 101
		"id_token_hint":         {"a.b.c", "eyJhbGciOiJub25lIn0.e30."},                                     // row 103
		"login_hint":            {`"><script>`, "{{7*7}}"},                                                 // row 104
		"request":               {"eyJhbGciOiJub25lIn0.e30."}, "request_uri": {"https://169.254.169.254/"}, // rows 106, 109
		"resource": {testIssuer + "/resources#x", "/x"}, "state": {"\r\nX: y", strings.Repeat("s", 5000), "\u2603"}, // rows 111, 112
	} {
		for _, value := range values {
			f.Add(replaced(name, value))
		}
	}
	e := newEdge(f)
	f.Fuzz(func(t *testing.T, query string) {
		raw := "GET /authorize?" + query + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
		if strings.ContainsAny(query, " \r\n") {
			raw = "POST /authorize HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + formHeader + "Content-Length: " + strconv.Itoa(len(query)) + "\r\n\r\n" + query
		}
		a := heard(t, e.server.publicHTTP, raw)[0]
		if a.status >= 500 || a.status == 200 {
			t.Errorf("status %d: %s", a.status, a.body)
		}
		location := a.header.Get("Location")
		if (location != "") != (a.status == 303) {
			t.Errorf("status %d, Location %q", a.status, location)
		}
		if location == "" || strings.HasPrefix(location, "/login?interaction=") {
			return
		}
		to, err := url.Parse(location)
		if err != nil {
			t.Fatalf("Location %q: %v", location, err)
		}
		asked, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("%q is taken, and to net/url is none: %v", query, err)
		}
		port := to.Port() == "8085" || asked.Get("client_id") == "demo-spa"
		if to.Scheme != "http" || to.Hostname() != "127.0.0.1" || to.Path != "/callback" || to.User != nil || to.Fragment != "" || !port {
			t.Fatalf("sent to %q", location)
		}
		told, err := url.ParseQuery(to.RawQuery)
		if err != nil || told.Get("iss") != testIssuer || told.Get("error") == "" || told.Has("code") || told.Get("state") != asked.Get("state") {
			t.Errorf("told %v of %v: %v", told, asked, err)
		}
	})
}

// FuzzToken sends anything to /token: tokens come only of credentials and grants that are good by the
// reading of others, and every refusal is one of the RFC's.
func FuzzToken(f *testing.F) {
	const service = "grant_type=client_credentials&client_id=demo-service&client_secret=demo-service-secret"
	for _, body := range []string{
		"grant_type=client_credentials", service, service + "&scope=orders:read", service + "&scope=openid", service + "&grant_type=client_credentials", service + "&client_assertion=x",
		"grant_type=password&username=alice", "grant_type=Authorization_Code", "grant_type=client_credentials ", "", "a=%zz", "a=%00", "&&&", "grant_type=refresh_token&refresh_token=tgr_x&client_id=demo-spa",
		"grant_type=authorization_code&code=tgc_x&client_id=demo-spa&code_verifier=" + pkceVerifier + "&redirect_uri=http://127.0.0.1/callback", "client_secret=null&client_id=demo-service&grant_type=client_credentials",
	} { // rows 118-157
		for _, auth := range []string{"", serviceBasic, "basic " + serviceBasic[6:], "Basic  " + serviceBasic[6:], "Basic ZGVtby1zZXJ2aWNlOg==", "Basic " + base64.StdEncoding.EncodeToString([]byte("demo%2Dservice:demo-service-secret")), "Basic !", "Bearer x"} {
			f.Add(auth, body)
		}
	}
	codes := []oauth.Code{oauth.CodeInvalidRequest, oauth.CodeInvalidClient, oauth.CodeInvalidGrant, oauth.CodeUnauthorizedClient, oauth.CodeUnsupportedGrantType, oauth.CodeInvalidScope, oauth.CodeInvalidTarget}
	e := newEdge(f)
	f.Fuzz(func(t *testing.T, auth, body string) {
		if strings.ContainsAny(auth, "\r\n") {
			return // another header
		}
		raw := "POST /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + formHeader + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
		if auth != "" {
			raw += "Authorization: " + auth + "\r\n"
		}
		a := heard(t, e.server.publicHTTP, raw+"\r\n"+body)[0]
		if a.status >= 400 {
			if code := oauth.Code(a.member(t, "error")); a.status != 413 && (!slices.Contains(codes, code) || a.status != oauth.NewError(code, "").Status()) {
				t.Errorf("status %d: %s", a.status, a.body)
			}
			checkError(t, a)
			return
		}
		form, err := url.ParseQuery(body)
		if a.status != 200 || err != nil || form.Get("grant_type") != "client_credentials" || !provesService(auth, form) {
			t.Errorf("status %d for %q and %q: %s", a.status, auth, body, a.body)
		}
	})
}

// provesService reads credentials as net/url and encoding/base64 do (RFC 6749 2.3.1).
func provesService(auth string, form url.Values) bool {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if auth = strings.Trim(auth, " \t"); auth != "" {
		if len(auth) < 6 || !strings.EqualFold(auth[:6], "basic ") || secret != "" {
			return false
		}
		pair, err := base64.StdEncoding.DecodeString(auth[6:])
		left, right, _ := strings.Cut(string(pair), ":")
		inner, err1 := url.QueryUnescape(left)
		outer, err2 := url.QueryUnescape(right)
		if err != nil || err1 != nil || err2 != nil || id != "" && id != inner {
			return false
		}
		id, secret = inner, outer
	}
	return id == "demo-service" && secret == "demo-service-secret"
}
