package oauth

import (
	"strings"
	"testing"
)

// What is registered is compared byte for byte, so what no browser would send is a slip (RFC 6454 6.2).
func TestCheckOrigin_TakesWhatBrowsersSend(t *testing.T) {
	for _, good := range []string{
		"https://app.example.com", "https://app.example.com:8443", "https://xn--bcher-kva.example", "https://192.0.2.1", "https://[2001:db8::1]:8443",
		"http://127.0.0.1:3000", "http://localhost:3000", "http://[::1]:3000",
	} {
		if err := CheckOrigin(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "*", "null", "https", "https://", "https:app.example.com", "app.example.com", "//app.example.com", "https://app.example.com/", "https://app.example.com/x",
		"https://app.example.com?", "https://app.example.com#", "https://App.example.com", "HTTPS://app.example.com", "https://*.example.com", "https://user@app.example.com",
		"https://app.example.com:", "https://app.example.com:0", "https://app.example.com:443", "http://localhost:80", "https://app.example.com:65536", "https://app.example.com:08443",
		"https://b\u00fccher.example", "https://app.example.com https://b.example", "https://app.example.com,https://b.example", "https://app.example.com\r\nx", " https://app.example.com",
		"https://[2001:DB8::1]", "https://[2001:db8:0::1]", "https://[fe80::1%25eth0]", "https://[192.0.2.1]",
		"http://app.example.com", "http://127.0.0.1.evil.example", "javascript://app", "file://", "ws://app.example.com", "https://" + strings.Repeat("a", 256),
	} {
		if CheckOrigin(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
