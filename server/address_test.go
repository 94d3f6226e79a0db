package server

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

func TestAddress_IsThePeerUnlessAProxyIsTrusted(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for _, c := range []struct {
		name, peer string
		lines      []string
		want       string
	}{
		{"no header", "10.0.0.1", nil, "10.0.0.1"},
		{"row 54: untrusted peer", "192.0.2.1", []string{"203.0.113.9"}, "192.0.2.1"},
		{"trusted peer", "10.0.0.1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"row 56: loopback is no proxy by itself", "127.0.0.1", []string{"203.0.113.9"}, "127.0.0.1"},
		{"row 56: mapped peer", "::ffff:10.0.0.1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"row 56: mapped hop is a trusted one", "10.0.0.1", []string{"203.0.113.9, ::ffff:10.1.1.1"}, "203.0.113.9"},
		{"row 56: mapped client", "10.0.0.1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"the nearest that is not trusted", "10.0.0.1", []string{"6.6.6.6, 203.0.113.9, 10.2.3.4"}, "203.0.113.9"},
		{"forged on the left", "10.0.0.1", []string{"127.0.0.1,203.0.113.9"}, "203.0.113.9"},
		{"two lines are one list", "10.0.0.1", []string{"6.6.6.6", "203.0.113.9,10.9.9.9"}, "203.0.113.9"},
		{"all trusted", "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"IPv6", "2001:db8::1", []string{"2001:4860::7"}, "2001:4860::7"},
		{"row 56: zone", "10.0.0.1", []string{"fe80::1%eth0"}, "10.0.0.1"},
		{"row 56: garbage", "10.0.0.1", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"row 56: port", "10.0.0.1", []string{"203.0.113.9:1234"}, "10.0.0.1"},
		{"row 56: empty", "10.0.0.1", []string{""}, "10.0.0.1"},
		{"row 56: 10,000 hops", "10.0.0.1", []string{"203.0.113.9" + strings.Repeat(",10.0.0.2", 10_000)}, "10.0.0.2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var http fasthttp.RequestCtx
			http.Init(&fasthttp.Request{}, &net.TCPAddr{IP: net.ParseIP(c.peer), Port: 1}, nil)
			for _, line := range c.lines {
				http.Request.Header.Add("X-Forwarded-For", line)
			}
			r := &request{s: &Server{trusted: trusted}, http: &http}
			if got := r.clientAddr(); got != netip.MustParseAddr(c.want) {
				t.Errorf("%v, want %s", got, c.want)
			}
			r.s.trusted = nil
			if got := r.clientAddr(); got != netip.MustParseAddr(c.peer).Unmap() {
				t.Errorf("row 54: with no trusted proxies %v, want the peer", got)
			}
		})
	}
}
