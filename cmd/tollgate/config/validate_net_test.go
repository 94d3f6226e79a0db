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

func TestParsePrefix_TakesIPv4ForIPv4HoweverItIsWritten(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1":            "10.0.0.1/32",
		"::ffff:10.0.0.1":     "10.0.0.1/32",
		"::ffff:10.0.0.0/104": "10.0.0.0/8",
		"::ffff:a00:1/128":    "10.0.0.1/32",
		"2001:db8::1":         "2001:db8::1/128",
		"2001:db8::/32":       "2001:db8::/32",
		"::ffff:0.0.0.0/96":   "0.0.0.0/0", // which is too wide to be trusted
	} {
		if got, err := ParsePrefix(text); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
}
