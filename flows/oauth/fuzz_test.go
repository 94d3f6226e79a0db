package oauth

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var scopeGrammar = regexp.MustCompile(`^[!#-\[\]-~]+( [!#-\[\]-~]+)*$`) // RFC 6749 3.3

// FuzzParseScope holds the parser to the grammar, and the sets to what sets do.
func FuzzParseScope(f *testing.F) {
	for _, seed := range []string{"", "openid", "a b", "a  b", " a", "a ", "a a", `a"b`, `a\b`, "a\tb", "é", "a\x00", strings.Repeat("a ", 600), strings.Repeat("s", 1025)} { // row 97
		f.Add(seed, "openid a")
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		scope, err := ParseScope(text)
		switch good := text == "" || len(text) <= maxScopeLength && scopeGrammar.MatchString(text); {
		case err == nil && !good:
			t.Fatalf("%q is accepted", text)
		case err != nil && good && len(strings.Fields(text)) <= maxScopes:
			t.Fatalf("%q is refused: %v", text, err)
		case err != nil:
			return
		}
		again, err := ParseScope(scope.String())
		if err != nil || !slices.Equal(again, scope) || !scope.Covers(again) {
			t.Fatalf("%q is %q, which is %q, %v", text, scope, again, err)
		}
		b, err := ParseScope(other)
		if err != nil {
			return
		}
		both, either := scope.Within(b), scope.Union(b)
		if !scope.Covers(both) || !b.Covers(both) || !either.Covers(scope) || !either.Covers(b) || len(both)+len(either) != len(scope)+len(b) {
			t.Errorf("of %q and %q, %q are in both and %q in either", scope, b, both, either)
		}
	})
}

// FuzzRegistration looks for a redirect URI or an origin that may be registered and that two readers
// understand differently, or an answer that does not get to where it should.
func FuzzRegistration(f *testing.F) {
	for _, seed := range []string{
		"https://app.example/cb", "https://app.example:8443/cb?tenant=1", "http://127.0.0.1/cb", "http://[::1]:80/cb", "com.example.app:/cb", "http://localhost:3000",
		"https://app.example@evil/cb", `https://evil\@app.example/cb`, "https://app.example/cb/..;/evil", "https://app.example/%2e%2e/x", "https://app.example:65536/", // rows 71-76
		"https://app。example/", "javascript:alert(1)", "data:text/html,x", "https://*.example/", "https://app.example/cb?code=x", "https://app.example/cb?a;b", "//evil", // rows 77, 78, 84, 333
		"https://app.example", "https://APP.example", "null", "*", "https://[::1]:1", "https://app.example:443", "http://2130706433/", "https://a.example?", "https://a.example/?&&",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if CheckOrigin(text) == nil {
			u, err := url.Parse(text)
			if err != nil || u.Scheme+"://"+u.Host != text || u.Hostname() == "" || u.User != nil || u.Path != "" || strings.ContainsAny(text, "*\\@?# \t\r\n") {
				t.Errorf("origin %q is %+v, %v", text, u, err)
			}
		}
		if CheckRedirectURI(text, false) == nil && CheckRedirectURI(text, true) != nil {
			t.Errorf("%q may be a confidential client's, and not a public one's", text)
		}
		if CheckRedirectURI(text, true) != nil {
			return
		}
		if !MatchRedirectURI([]string{text}, text, false) {
			t.Errorf("%q does not match itself", text)
		}
		before, err := url.Parse(text)
		if err != nil || before.User != nil || before.Fragment != "" || before.Scheme == "javascript" || before.Scheme == "data" {
			t.Fatalf("%q is %+v, %v", text, before, err)
		}
		answer := AppendQuery(text, "code", "c&d=e#f", "state", "s\r\n", "iss", "https://issuer.example")
		after, err := url.Parse(answer)
		if err != nil || after.Scheme != before.Scheme || after.Host != before.Host || after.EscapedPath() != before.EscapedPath() || after.Fragment != "" {
			t.Fatalf("%q becomes %q: %+v, %v", text, answer, after, err)
		}
		got, err := url.ParseQuery(after.RawQuery)
		if err != nil || !slices.Equal(got["code"], []string{"c&d=e#f"}) || !slices.Equal(got["state"], []string{"s\r\n"}) || len(got["iss"]) != 1 || got.Has("error") {
			t.Fatalf("%q becomes %q, which says %v, %v", text, answer, got, err)
		}
	})
}
