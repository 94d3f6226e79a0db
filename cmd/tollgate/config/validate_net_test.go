package config

import (
	"strings"
	"testing"
)

func TestIssuer_IsAHostThatBrowsersAskFor(t *testing.T) {
	check := func(issuer string, good bool) {
		t.Helper()
		_, err := Load("testdata/good/least.yaml", []string{"TOLLGATE_ISSUER=" + issuer})
		if good && err != nil || !good && (err == nil || !strings.HasPrefix(err.Error(), "issuer ")) {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	for _, issuer := range []string{"https://auth.example.com", "https://auth.example.com:8443", "https://a", "https://my_host", "https://192.0.2.1", "https://[2001:db8::1]:8443",
		"https://xn--bcher-kva.example", "http://[::1]:8080"} {
		check(issuer, true)
	}
	for _, host := range []string{`a"b`, "a<b>", "a;b", "a,b", "a'b", "a(b)", "a$b", "a=b", "a*", "a%22b", "bücher.example", "a..b", ".a", "a.", "-a", "a:65536", "a:", "[::1%25eth0]", "a{b", "a|b"} {
		check("https://"+host, false)
	}
	check("HTTPS://auth.example.com", false)
}
