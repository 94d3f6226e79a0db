package server

import "strings"

// The values of form-action. Chromium holds every redirect that follows a form's post to it, the
// client's own redirects after its callback included. Naming only the client's origin would
// break every client whose callback goes on to another host; so the scheme is what can be held.
const (
	formNowhere = "'none'"
	formHere    = "'self'"
)

// formTo returns the form-action of a page whose form may end at an address of that scheme.
func formTo(scheme string) string {
	scheme = strings.ToLower(scheme)
	switch {
	case scheme == "" || !isScheme(scheme):
		return formHere
	case scheme == "https":
		return formHere + " https:"
	}
	return formHere + " https: " + scheme + ":"
}

// isScheme reports whether s is a URI scheme in lower case (RFC 3986 3.1): nothing else may
// enter a header.
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if alpha := 'a' <= c && c <= 'z'; !alpha && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return true
}

// pageHeaders sets what every answer to a browser's navigation carries, redirects included.
func (r *request) pageHeaders(formTarget string) {
	r.setHeader("Content-Security-Policy", "default-src 'none'; style-src "+styleSource+
		"; img-src data:; form-action "+formTarget+"; frame-ancestors 'none'; base-uri 'none'")
	r.setHeader("X-Frame-Options", "DENY") // RFC 6749 10.13
	r.setHeader("X-Content-Type-Options", "nosniff")
	r.setHeader("Referrer-Policy", "no-referrer") // addresses hold interactions and codes, RFC 9700 4.2
	r.setHeader("Cross-Origin-Opener-Policy", "same-origin")
	r.setHeader("Cross-Origin-Resource-Policy", "same-origin")
	if r.s.site.secure {
		r.setHeader("Strict-Transport-Security", "max-age=31536000") // RFC 6797 6.1
	}
	r.noStore()
}
