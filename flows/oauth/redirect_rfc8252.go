package oauth

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const maxRedirectURI = 2048

// loopbackPrefixes are the only hosts whose port may differ from the registered one (RFC 8252
// 7.3). "localhost" is not among them: what it resolves to is not ours to trust (8.3), so a
// registered http://localhost URI is compared like any other, port included.
var loopbackPrefixes = []string{"http://127.0.0.1", "http://[::1]"}

// MatchRedirectURI reports whether given is one of the registered URIs: the same string, byte
// for byte (RFC 9700 2.1). Where anyPort is set, as it is for public clients, a registered
// loopback URI matches on every port (RFC 8252 7.3).
func MatchRedirectURI(registered []string, given string, anyPort bool) bool {
	if slices.Contains(registered, given) {
		return true
	}
	if !anyPort {
		return false
	}
	host, path, ok := splitLoopback(given)
	if !ok {
		return false
	}
	return slices.ContainsFunc(registered, func(r string) bool {
		h, p, ok := splitLoopback(r)
		return ok && h == host && p == path
	})
}

// splitLoopback cuts the port out of a loopback URI. It works on the string, because two URL
// parsers that disagree are how a redirect leaves its target.
func splitLoopback(uri string) (host, path string, ok bool) {
	for _, host := range loopbackPrefixes {
		rest, found := strings.CutPrefix(uri, host)
		if !found {
			continue
		}
		if after, found := strings.CutPrefix(rest, ":"); found {
			slash := strings.IndexByte(after, '/')
			if slash < 0 {
				slash = len(after)
			}
			if !isPort(after[:slash]) {
				return "", "", false
			}
			rest = after[slash:]
		}
		return host, rest, rest == "" || rest[0] == '/'
	}
	return "", "", false
}

func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && 1 <= n && n <= 65535 && strconv.Itoa(n) == s
}

// IsVerifiableRedirect reports whether only the client can receive what is sent to the URI. An
// https URI belongs to whoever holds the name; a loopback port or a private scheme belongs to
// whichever program took it first, so consent must not be skipped there (RFC 8252 8.6).
func IsVerifiableRedirect(uri string) bool { return strings.HasPrefix(uri, "https://") }

// CheckRedirectURI reports why a URI must not be registered: an absolute https URI, an http one
// on this very machine, or for public clients a private-use scheme with a dot (RFC 8252 7.1),
// without fragment, user, wildcard, parameters of the answer or anything two parsers might read
// differently.
func CheckRedirectURI(uri string, public bool) error {
	bad := func(why string) error { return InvalidRequest("redirect URI " + why) }
	switch {
	case uri == "":
		return bad("is empty")
	case len(uri) > maxRedirectURI:
		return bad("is longer than 2048 bytes")
	case strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return bad("holds a space, a control character or one that is not ASCII")
	case strings.ContainsAny(uri, `\*"<>^{}|`+"`"):
		return bad("holds a character that has no place in a URI")
	case strings.Contains(uri, "#"):
		return bad("has a fragment") // RFC 6749 3.1.2
	}
	u, err := url.Parse(uri)
	if err != nil || !u.IsAbs() || u.Opaque != "" {
		return bad("is not an absolute URI")
	}
	switch {
	case u.User != nil:
		return bad("holds a user name")
	case hasDotSegment(u.EscapedPath()):
		return bad("has a dot segment in its path")
	case u.Port() != "" && !isPort(u.Port()) || strings.HasSuffix(u.Host, ":"):
		return bad("has a bad port")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return bad("has a malformed query")
	}
	for _, name := range answerParameters {
		if query.Has(name) {
			return bad("has " + name + " in its query, which is for the answer")
		}
	}
	switch {
	case u.Scheme == "https":
		if u.Hostname() == "" {
			return bad("has no host")
		}
	case u.Scheme == "http":
		if !isLoopbackHost(u.Hostname()) {
			return bad("must be https, save on 127.0.0.1, [::1] and localhost")
		}
	case !public:
		return bad("must be https")
	case !strings.Contains(u.Scheme, "."):
		return bad("has a scheme that is neither https nor a reversed domain name")
	}
	return nil
}

// answerParameters are what an answer adds (RFC 6749 4.1.2, RFC 9207 2). Of two, the client might
// believe the one that we did not write.
var answerParameters = []string{"code", "state", "iss", "error", "error_description", "error_uri"}

func hasDotSegment(path string) bool {
	lower := strings.ReplaceAll(strings.ToLower(path), "%2e", ".")
	lower = strings.ReplaceAll(lower, "%2f", "/")
	for segment := range strings.SplitSeq(lower, "/") {
		if name, _, _ := strings.Cut(segment, ";"); name == "." || name == ".." {
			return true
		}
	}
	return false
}

func isLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr == addr.Unmap() && addr.IsLoopback() && (addr.Is6() || host == "127.0.0.1")
}

// AppendQuery returns the URI with parameters added to whatever query it has (RFC 6749 4.1.2).
// Pairs are name, value, name, value; a pair with an empty value is left out.
func AppendQuery(uri string, pairs ...string) string {
	var b strings.Builder
	b.WriteString(uri)
	separator := byte('?')
	if strings.Contains(uri, "?") {
		separator = '&'
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		b.WriteByte(separator)
		b.WriteString(pairs[i])
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(pairs[i+1]))
		separator = '&'
	}
	return b.String()
}
