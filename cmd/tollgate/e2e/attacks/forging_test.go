//go:build attacks

package attacks

import (
	"encoding/json"
	"net/url"
	"strings"

	"tollgate/cmd/tollgate/e2e"
)

// victim is somebody who is signed in at the web app, and the tokens that attackers change.
type victim struct {
	*visitor
	access string
	id     string
	key    *signingKey // of the server; nil where nobody can have it
}

// victim signs alice in, and sees that her tokens are good wherever changed ones are sent.
func (x *trial) victim() *victim {
	x.Helper()
	v := &victim{visitor: x.visitor()}
	tokens := v.tokens(x.web, e2e.DemoUser, e2e.DemoPassword)
	v.access, v.id = tokens.Access, tokens.ID
	if x.store != "memory" {
		key := x.serversKey(partsOf(v.access).member("kid"))
		v.key = &key
	}
	x.taken(v, v.access, v.id)
	return v
}

// taken wants tokens to be good: what would be refused anyway shows nothing.
func (x *trial) taken(v *victim, access, id string) {
	x.Helper()
	x.active(x.introspect(x.gateway, access))
	x.good(x.bearer("/validate", access))
	x.good(x.bearer("/userinfo", access))
	if a := v.get(x.node.Ask(x.web, "prompt", "none", "id_token_hint", id).URL); !strings.Contains(a.Header.Get("Location"), "code=") {
		x.Errorf("a good hint leads to %d %q", a.Status, a.Header.Get("Location"))
	}
}

// jwt is a token in its parts.
type jwt struct{ header, claims, signature string }

func partsOf(token string) jwt {
	parts := strings.Split(token, ".")
	header, _ := b64.DecodeString(parts[0])
	claims, _ := b64.DecodeString(parts[1])
	return jwt{string(header), string(claims), parts[2]}
}

// String joins the parts under the signature that was there.
func (j jwt) String() string {
	return b64.EncodeToString([]byte(j.header)) + "." + b64.EncodeToString([]byte(j.claims)) + "." + j.signature
}

// member reads one of the header.
func (j jwt) member(name string) string {
	var header map[string]string
	json.Unmarshal([]byte(j.header), &header)
	return header[name]
}

// fits signs anew with the server's key, where the test has it.
func (v *victim) fits(j jwt) string {
	if v.key == nil {
		return j.String()
	}
	return v.key.sign(j.header, j.claims)
}

// neither wants both tokens, changed, to be taken by no endpoint.
func (x *trial) neither(v *victim, change func(token string) string) {
	x.Helper()
	x.noAccess(change(v.access))
	x.noHint(v, change(v.id))
}

// noAccess wants a token to be refused wherever access tokens go.
func (x *trial) noAccess(token string) {
	x.Helper()
	form := url.QueryEscape(token)
	switch a := x.postAs(x.gateway, "/introspect", "token="+form); a.Status {
	case 200:
		x.inactive(a)
	default:
		x.status(a, 400)
	}
	x.status(x.post("/userinfo", "access_token="+form), 400, 401)
	control := func(r rune) bool { return r < 0x20 || r == 0x7f }
	if strings.ContainsFunc(token, control) || strings.HasSuffix(token, " ") || len(token) > 12<<10 {
		return // no header can hold it: what is around a value is not of it
	}
	x.challenged(x.bearer("/validate", token), 401, "invalid_token")
	x.challenged(x.bearer("/userinfo", token), 401, "invalid_token")
}

// noHint wants a token to prove nothing to the pages: it leads to no code, and nobody is signed out.
func (x *trial) noHint(v *victim, token string) {
	x.Helper()
	if len(token) > 10<<10 {
		return // no address can hold it
	}
	a := v.get(x.node.Ask(x.web, "prompt", "none", "id_token_hint", token).URL)
	to, _ := url.Parse(a.Header.Get("Location"))
	if refused := a.Status == 400 || a.Status == 303 && to.Query().Get("error") == "invalid_request"; !refused || to.Query().Has("code") {
		x.Errorf("as a hint at /authorize: %d to %s for %.200q", a.Status, to, token)
	}
	a = v.get("/logout?id_token_hint=" + url.QueryEscape(token))
	if asked := a.Status == 200 && strings.Contains(string(a.Body), "Sign out?"); !asked && a.Status != 400 {
		x.Errorf("as a hint at /logout: %d %.200s", a.Status, a.Body)
	}
	if !v.signedIn() {
		x.Errorf("a forged hint signs out: %.200q", token)
	}
}
