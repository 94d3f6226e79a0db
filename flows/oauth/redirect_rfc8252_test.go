package oauth

import (
	"net/url"
	"strings"
	"testing"
)

func TestMatchRedirectURI_IsByteForByte(t *testing.T) {
	registered := []string{"https://app.example/cb", "https://app.example/q?a=1"}
	if !MatchRedirectURI(registered, "https://app.example/cb", false) || !MatchRedirectURI(registered, "https://app.example/q?a=1", true) {
		t.Fatal("a registered URI does not match itself")
	}
	for row, uris := range map[string][]string{
		"row 64: unregistered":       {"https://evil.example/cb", ""},
		"row 66: case":               {"HTTPS://app.example/cb", "https://APP.example/cb"},
		"row 67: trailing slash":     {"https://app.example/cb/"},
		"row 68: query":              {"https://app.example/cb?x=1", "https://app.example/q?a=2", "https://app.example/q"},
		"row 71: userinfo":           {"https://app.example@evil.example/cb", "https://app.example:x@evil.example/cb"},
		"row 72: backslash, space":   {`https://evil.example\@app.example/cb`, `https:\\app.example\cb`, " https://app.example/cb", "https://app.example/cb\t", "https://app\n.example/cb"},
		"row 73: path tricks":        {"https://app.example/cb/../evil", "https://app.example/cb/..;/evil", "https://app.example/cb/%2e%2e/evil", "https://app.example/cb//"},
		"row 74: percent":            {"https://app.example/%63b", "https://app.example%2fcb"},
		"row 76: ports":              {"https://app.example:443/cb", "https://app.example:/cb", "https://app.example:0/cb", "https://app.example:65536/cb", "https://app.example:443@evil.example/cb"},
		"row 77: IDNA":               {"https://app。example/cb", "https://xn--app.example/cb", "https://app\u00ad.example/cb"},
		"row 78: scheme":             {"http://app.example/cb", "javascript:alert(1)", "data:text/html,x", "file:///cb", "blob:https://app.example/cb"},
		"row 84: protocol relative":  {"//app.example/cb", "///evil.example", "/cb", "https:app.example/cb", "https:/app.example/cb"},
		"row 82: not our loopback":   {"http://127.0.0.1/cb"},
		"RFC 6749 3.1.2: a fragment": {"https://app.example/cb#x"},
	} {
		for _, uri := range uris {
			for _, anyPort := range []bool{false, true} {
				if MatchRedirectURI(registered, uri, anyPort) {
					t.Errorf("%s: %q was accepted", row, uri)
				}
			}
		}
	}
}

func TestMatchRedirectURI_LoopbackTakesAnyPort(t *testing.T) {
	registered := []string{"http://127.0.0.1/cb", "http://127.0.0.1:7000/fixed", "http://localhost:3000/cb"}
	for _, uri := range []string{"http://127.0.0.1:51004/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "http://127.0.0.1/cb", "http://127.0.0.1:9/fixed"} {
		if !MatchRedirectURI(registered, uri, true) {
			t.Errorf("row 81: %q was refused", uri)
		}
	}
	for row, uris := range map[string][]string{
		"row 69: query added":   {"http://127.0.0.1:51004/cb?x=1"},
		"row 76: bad ports":     {"http://127.0.0.1:/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:65536/cb", "http://127.0.0.1:080/cb", "http://127.0.0.1:+80/cb", "http://127.0.0.1:80@evil.example/cb"},
		"row 82: variants":      {"http://127.1/cb", "http://2130706433/cb", "http://0.0.0.0/cb", "http://[::ffff:127.0.0.1]/cb", "http://127.0.0.1.evil/cb", "http://127.0.0.2/cb", "https://127.0.0.1/cb", "http://127.0.0.1evil/cb"},
		"row 83: ::1":           {"http://[::1]/cb", "http://[::1]:80/cb"},
		"row 83: localhost":     {"http://localhost:3001/cb", "http://localhost/cb"},
		"row 73: path tricks":   {"http://127.0.0.1:80/cb/../evil", "http://127.0.0.1:80/cb/", "http://127.0.0.1:80"},
		"row 71: userinfo":      {"http://user@127.0.0.1:80/cb", "http://127.0.0.1@evil.example/cb"},
		"row 72: strange bytes": {"http://127.0.0.1:80\\cb", "http://127.0.0.1:8 0/cb", "http://127.0.0.1\t:80/cb"},
	} {
		for _, uri := range uris {
			if MatchRedirectURI(registered, uri, true) {
				t.Errorf("%s: %q was accepted", row, uri)
			}
		}
	}
	if MatchRedirectURI(registered, "http://127.0.0.1:51004/cb", false) {
		t.Error("RFC 8252 7.3 is for public clients: a confidential one was given another port")
	}
}

func TestCheckRedirectURI_RefusesWhatCannotBeTrusted(t *testing.T) {
	for _, uri := range []string{"https://app.example/cb", "https://app.example:8443/cb?tenant=1", "https://app.example/cb?encoder=a&State=b", "http://127.0.0.1/cb", "http://[::1]:80/cb", "http://localhost:3000/cb"} {
		if err := CheckRedirectURI(uri, false); err != nil {
			t.Errorf("%q: %v", uri, err)
		}
	}
	if err := CheckRedirectURI("com.example.app:/cb", true); err != nil {
		t.Errorf("RFC 8252 7.1: a private-use scheme was refused: %v", err)
	}
	for _, uri := range []string{
		"", "/cb", "app.example/cb", "https://", "https:///cb", "http://app.example/cb", "http://127.0.0.2/cb", "http://[::ffff:127.0.0.1]/cb",
		"https://app.example/cb#f", "https://u@app.example/cb", "https://*.app.example/cb", "https://app.example/../cb", "https://app.example/%2E%2e/cb",
		"https://app.example/..;/cb", "https://app.example:0/cb", "https://app.example:/cb", "https://app.example:99999/cb", "javascript:alert(1)",
		"data:text/html,x", "myapp:/cb", "https://app.example/c b", "https://äpp.example/cb", `https://app.example\cb`, "https://app.example/" + strings.Repeat("a", 2048),
		"https://app.example/cb?code=x", "https://app.example/cb?a=1&state=", "https://app.example/cb?iss", "https://app.example/cb?error=x", "https://app.example/cb?c%6Fde=x",
		"https://app.example/cb?error_description=x", "https://app.example/cb?a;b", "https://app.example/cb?a=%zz",
	} {
		if CheckRedirectURI(uri, true) == nil {
			t.Errorf("%q was accepted", uri)
		}
	}
}

func TestAppendQuery_KeepsWhatIsThere(t *testing.T) {
	check := func(want, uri string, pairs ...string) {
		t.Helper()
		if got := AppendQuery(uri, pairs...); got != want {
			t.Errorf("AppendQuery(%q) = %q, want %q", uri, got, want)
		}
	}
	check("https://a.example/cb?code=x&state=1%2B2%26%0D%0A", "https://a.example/cb", "code", "x", "state", "1+2&\r\n")
	check("https://a.example/cb?t=1&code=x", "https://a.example/cb?t=1", "code", "x", "state", "")
}

// FuzzMatchRedirectURI holds the rule to its promise: whatever is accepted parses to the scheme,
// host and path of something registered, and differs from it in nothing but a loopback port.
func FuzzMatchRedirectURI(f *testing.F) {
	registered := []string{"https://app.example/cb", "http://127.0.0.1/cb", "http://[::1]:7000/x?y=1"}
	for _, seed := range []string{"https://app.example/cb", "http://127.0.0.1:51004/cb", "http://127.0.0.1:80@evil/cb", "http://[::1]:1/x?y=1", "http://127.0.0.1.evil/cb", "http://127.0.0.1:/cb", `http://127.0.0.1:80\@evil/cb`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		if !MatchRedirectURI(registered, given, true) {
			return
		}
		u, err := url.Parse(given)
		if err != nil {
			t.Fatalf("accepted %q, which does not parse: %v", given, err)
		}
		for _, r := range registered {
			want, _ := url.Parse(r)
			if u.Scheme == want.Scheme && u.Hostname() == want.Hostname() && u.RequestURI() == want.RequestURI() &&
				u.User == nil && u.Fragment == "" && (given == r || want.Scheme == "http") {
				return
			}
		}
		t.Fatalf("accepted %q, which is none of the registered", given)
	})
}
