package oauth

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const (
	maxOrigins = 16
	maxOrigin  = 256 // bytes; a host has 253
)

// CheckOrigin reports why the origin of a page must not be registered. It must be spelled as browsers
// do (RFC 6454 6.2), since nothing but the same bytes will match: no path, no capitals, no wildcard, no
// default port. https, or http on this very machine.
func CheckOrigin(text string) error {
	if text == "*" || text == "null" { // null is also what a stranger's sandboxed frame says
		return InvalidRequest("lets any page in; list the origins")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, len(text) > maxOrigin, u.Scheme != "https" && u.Scheme != "http",
		text != u.Scheme+"://"+strings.ToLower(u.Host), !isOriginHost(u):
		return InvalidRequest("is wrong; wants an origin such as https://app.example.com, without path or slash")
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80":
		return InvalidRequest("names the port that browsers leave out; remove it")
	case u.Scheme == "http" && !isLoopbackHost(u.Hostname()):
		return InvalidRequest("uses http; use https")
	}
	return nil
}

// isOriginHost reports whether a host, and a port if there is one, are such as browsers send.
func isOriginHost(u *url.URL) bool {
	host, port := u.Hostname(), u.Port()
	if port != "" && !isPort(port) || strings.HasSuffix(u.Host, ":") {
		return false
	}
	if strings.HasPrefix(u.Host, "[") {
		addr, err := netip.ParseAddr(host)
		return err == nil && addr.Is6() && addr.Zone() == "" && addr.String() == host
	}
	return isName(host, maxOrigin, ".-_")
}

// checkOrigins says what is wrong with the origins of a client.
func checkOrigins(c *Client) []string {
	if len(c.AllowedOrigins) > maxOrigins {
		return []string{"allowed_origins: at most " + strconv.Itoa(maxOrigins)}
	}
	var problems []string
	for i, origin := range c.AllowedOrigins {
		if err := CheckOrigin(origin); err != nil {
			problems = append(problems, "allowed_origins["+strconv.Itoa(i)+"]: "+AsError(err).Description)
		}
	}
	return problems
}
