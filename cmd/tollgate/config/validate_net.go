package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"tollgate/flows/oauth"
)

// issuer checks RFC 8414 2 (https, no query, no fragment) and what this server asks beyond it.
func (v *validator) issuer() {
	const path = "issuer"
	text := v.config.Issuer
	if text == "" {
		v.problem(path, "is not set; give the address that clients see, such as https://auth.example.com")
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		v.problem(path, "is no address; give one such as https://auth.example.com")
		return
	}
	if u.User != nil {
		v.problem(path, "holds a user name; remove it")
	}
	if strings.ContainsAny(text, "?#") {
		v.problem(path, "holds a query or a fragment; remove it")
	}
	if strings.HasSuffix(text, "/") {
		v.problem(path, "ends in a slash; remove it: clients compare the issuer letter by letter")
	}
	if strings.Trim(u.Path, "/") != "" {
		v.problem(path, "holds a path; give the server a host name of its own: metadata is served at the root")
	}
	lower := strings.ToLower(u.Host)
	switch {
	case !isHost(u):
		v.problem(path, "has a host that no browser would ask for; use letters, digits, dots and hyphens, and a port up to 65535")
	case u.Host != lower:
		v.problem(path, "has capitals in its host; write %s", clip(lower))
	case !strings.HasPrefix(text, u.Scheme):
		v.problem(path, "has capitals in its scheme; write %s", u.Scheme)
	}
	switch {
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		v.problem(path, "uses http; use https, with TLS in front or tls.cert_file: http is for this machine only")
	case u.Scheme != "http" && u.Scheme != "https":
		v.problem(path, "uses %s; use https", clip(u.Scheme))
	}
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// isHost reports whether the address names a host as it travels in Host headers and cookies, and
// perhaps a port. RFC 3986 3.2.2 allows more, such as quotes that are escaped; nothing answers to it.
func isHost(u *url.URL) bool {
	host, port := u.Hostname(), u.Port()
	if _, err := strconv.ParseUint(port, 10, 16); port != "" && err != nil || strings.HasSuffix(u.Host, ":") {
		return false
	}
	if strings.HasPrefix(u.Host, "[") {
		addr, err := netip.ParseAddr(host)
		return err == nil && addr.Zone() == ""
	}
	return hostName.MatchString(host) && !strings.Contains(host, "..")
}

// isLoopback reports whether a host name or address never leaves this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func (v *validator) listeners() {
	l, t := v.config.Listen, v.config.TLS
	public, publicOK := v.hostPort("listen.public", l.Public)
	ops, opsOK := v.hostPort("listen.ops", l.Ops)
	if publicOK && opsOK && public.port == ops.port && public.port != 0 && (public.host == ops.host || public.host == "" || ops.host == "") {
		v.problem("listen.ops", "is the same port as listen.public; choose another")
	}
	if opsOK && !isLoopback(ops.host) && !v.dev {
		v.warn("listen.ops", "shows metrics and profiles to the network; keep it on 127.0.0.1 or behind a firewall")
	}
	if v.dev {
		v.onlyLoopback("listen.public", public.host, publicOK)
		v.onlyLoopback("listen.ops", ops.host, opsOK)
	}
	v.pair("tls", t.CertFile, t.KeyFile)
	if t.CertFile != "" && strings.HasPrefix(v.config.Issuer, "http:") {
		v.problem("issuer", "uses http while tls.cert_file is set; use https")
	}
}

func (v *validator) onlyLoopback(path, host string, ok bool) {
	if ok && !isLoopback(host) {
		v.problem(path, "leaves this machine; dev mode has known passwords and listens on loopback only, such as 127.0.0.1")
	}
}

type endpoint struct {
	host string
	port uint16
}

// hostPort reads host:port, [v6]:port or :port.
func (v *validator) hostPort(path, text string) (endpoint, bool) {
	host, portText, err := net.SplitHostPort(text)
	port, portErr := strconv.ParseUint(portText, 10, 16)
	if err != nil || portErr != nil || strings.ContainsAny(host, "/@ ") {
		v.problem(path, "%s wants host:port, such as 127.0.0.1:8080", withoutUser(text))
		return endpoint{}, false
	}
	return endpoint{host, uint16(port)}, true
}

// withoutUser quotes an address, less what may be a password in it.
func withoutUser(text string) string {
	if strings.Contains(text, "@") {
		return "an address with a user in it is wrong;"
	}
	return strconv.Quote(clip(text)) + " is wrong;"
}

func (v *validator) network() {
	for _, text := range v.config.TrustedProxies {
		v.proxy(text)
	}
	for _, text := range v.config.CORS.AllowedOrigins {
		v.origin("cors.allowed_origins", text)
	}
}

func (v *validator) proxy(text string) {
	const path = "trusted_proxies"
	prefix, err := ParsePrefix(text)
	switch {
	case err != nil:
		v.problem(path, "%q is wrong; wants an address or a network such as 10.0.0.0/8", clip(text))
	case prefix != prefix.Masked():
		v.problem(path, "%q has bits set behind its length; write %s", clip(text), prefix.Masked())
	case isWide(prefix):
		v.problem(path, "%q trusts too many to name their own address; list your proxies", clip(text))
	}
}

// isWide reports whether a network is larger than any that proxies stand in: two halves of the
// internet are the internet. Private addresses (RFC 1918, RFC 4193) are never too many.
func isWide(p netip.Prefix) bool {
	switch {
	case p.Addr().Is4():
		return p.Bits() < 8
	case p.Addr().IsPrivate():
		return p.Bits() < 7
	}
	return p.Bits() < 16
}

// ParsePrefix reads a network, or an address as the network of itself. One of IPv4 that is written as
// IPv6 is one of IPv4, as callers' addresses are.
func ParsePrefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		return addr.Unmap().Prefix(addr.Unmap().BitLen())
	}
	prefix, err := netip.ParsePrefix(text)
	if mapped := prefix.Bits() - 96; err == nil && prefix.Addr().Is4In6() && mapped >= 0 { // ::ffff:0:0/96, RFC 4291 2.5.5.2
		return netip.PrefixFrom(prefix.Addr().Unmap(), mapped), nil
	}
	return prefix, err
}

// origin checks the origin of pages that may call the API.
func (v *validator) origin(path, text string) {
	if err := oauth.CheckOrigin(text); err != nil {
		v.problem(path, "%q %s", clip(text), oauth.AsError(err).Description)
	}
}
