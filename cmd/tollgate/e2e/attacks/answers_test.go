//go:build attacks

package attacks

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
)

// see notes an answer, and looks at what every answer must be.
func (x *trial) see(a answer) answer {
	x.Helper()
	x.seen = append(x.seen, a)
	if a.Status >= 500 && !x.outage {
		x.Errorf("answered %d: %s", a.Status, a.Body)
	}
	x.labelled(a)
	for _, c := range []byte(a.Text("error_description")) { // RFC 6749 5.2
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			x.Errorf("error_description %q", a.Text("error_description"))
			break
		}
	}
	for _, c := range x.canaries {
		if bytes.Contains(a.Body, []byte(c)) {
			x.Errorf("a secret is in an answer: %s", a.Body)
		}
	}
	return a
}

// unkeepable are the paths whose answers nobody may keep, whatever they are.
var unkeepable = []string{"/token", "/introspect", "/introspect/batch", "/revoke", "/userinfo", "/authorize", "/login", "/consent", "/logout"}

// labelled wants an answer's headers to say what it is, and for how long.
func (x *trial) labelled(a answer) {
	x.Helper()
	kind := a.Header.Get("Content-Type")
	if bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("{")) && kind != "application/json" {
		x.Errorf("JSON as %q", kind)
	}
	if len(a.Body) > 0 && a.Header.Get("X-Content-Type-Options") != "nosniff" {
		x.Errorf("an answer of %d bytes without nosniff", len(a.Body))
	}
	if a.Status != 0 && (slices.Contains(unkeepable, a.path) || strings.HasPrefix(a.path, "/admin/")) {
		x.unkept(a)
		if a.path == "/token" && a.Header.Get("Pragma") != "no-cache" {
			x.Errorf("%d from /token with Pragma %q", a.Status, a.Header.Get("Pragma"))
		}
	}
}

// refused wants an error of the RFC's form.
func (x *trial) refused(a answer, status int, code string) {
	x.Helper()
	if a.Status != status || a.Text("error") != code {
		x.Errorf("answered %d %q, want %d %s: %.200s", a.Status, a.Text("error"), status, code, a.Body)
	}
	x.unkept(a)
}

// bad is E(code): 400.
func (x *trial) bad(a answer, code string) {
	x.Helper()
	x.refused(a, 400, code)
}

// unknownClient is C401.
func (x *trial) unknownClient(a answer, basic bool) {
	x.Helper()
	x.refused(a, 401, "invalid_client")
	if challenge := a.Header.Get("WWW-Authenticate"); basic != strings.HasPrefix(challenge, "Basic realm=") {
		x.Errorf("WWW-Authenticate %q", challenge)
	}
}

// challenged is B401(code) and B403; no code is the one for who shows nothing.
func (x *trial) challenged(a answer, status int, code string) {
	x.Helper()
	challenge := a.Header.Get("WWW-Authenticate")
	if a.Status != status || !strings.HasPrefix(challenge, "Bearer") {
		x.Errorf("answered %d, WWW-Authenticate %q, want %d: %.200s", a.Status, challenge, status, a.Body)
	}
	if code == "" && strings.Contains(challenge, "error=") || code != "" && !strings.Contains(challenge, `error="`+code+`"`) {
		x.Errorf("WWW-Authenticate %q, want error %q", challenge, code)
	}
	for name := range a.Header {
		if strings.HasPrefix(name, "X-Auth-") {
			x.Errorf("%s in a refusal", name)
		}
	}
}

// dropped is DROP: 400, or nothing, and the connection ends.
func (x *trial) dropped(a answer) {
	x.Helper()
	if a.Status != 0 && a.Status != 400 || !a.closed {
		x.Errorf("answered %d, closed %v, want 400 and closed: %.200s", a.Status, a.closed, a.Body)
	}
}

// page is PAGE: a page of ours that leads nowhere.
func (x *trial) page(a answer, status int) {
	x.Helper()
	if a.Status != status || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") || a.Header.Get("Location") != "" {
		x.Errorf("answered %d %s, Location %q, want a page with %d: %.200s", a.Status, a.Header.Get("Content-Type"), a.Header.Get("Location"), status, a.Body)
	}
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
		x.Errorf("Content-Security-Policy %q", policy)
	}
	x.unkept(a)
}

// redirected is R(code): to the registered address, with the state as it was sent and our iss. It
// returns the parameters there.
func (x *trial) redirected(a answer, redirectURI, state, code string) url.Values {
	x.Helper()
	to, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status != 302 && a.Status != 303 {
		x.Errorf("answered %d, Location %q: %.200s", a.Status, a.Header.Get("Location"), a.Body)
		return nil
	}
	there := to.Query()
	if there.Get("error") != code || there.Get("state") != state || there.Get("iss") != x.node.Issuer {
		x.Errorf("redirected with %v, want error %q, state %q and iss", there, code, state)
	}
	if code != "" && there.Has("code") {
		x.Errorf("an error with a code: %v", there)
	}
	if to.RawQuery = ""; to.String() != redirectURI {
		x.Errorf("redirected to %s, want %s", to, redirectURI)
	}
	return there
}

// inactive is exactly that.
func (x *trial) inactive(a answer) {
	x.Helper()
	if a.Status != 200 || strings.TrimSpace(string(a.Body)) != `{"active":false}` {
		x.Errorf("answered %d %s, want inactive", a.Status, a.Body)
	}
	x.unkept(a)
}

// good wants a success.
func (x *trial) good(a answer) {
	x.Helper()
	if a.Status != 200 {
		x.Errorf("answered %d, want 200: %.200s", a.Status, a.Body)
	}
}

// status wants one of these.
func (x *trial) status(a answer, want ...int) {
	x.Helper()
	if !slices.Contains(want, a.Status) {
		x.Errorf("answered %d, want one of %v: %.200s", a.Status, want, a.Body)
	}
}

// unkept wants an answer that nobody keeps.
func (x *trial) unkept(a answer) {
	x.Helper()
	if a.Header.Get("Cache-Control") != "no-store" {
		x.Errorf("Cache-Control %q", a.Header.Get("Cache-Control"))
	}
}
