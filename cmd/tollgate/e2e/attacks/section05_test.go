//go:build attacks

package attacks

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

var introspectRows = []*row{
	{id: 196, sent: "a bearer token in place of a client's credentials", want: "401 invalid_client: no token opens it", try: introspectByBearer},
	{id: 197, sent: "a public client, by its id alone; nobody", want: "401 invalid_client", try: introspectByPublicClient},
	{id: 198, sent: "no token, an empty one, two", want: "400 invalid_request", try: introspectNothing},
	{id: 199, sent: "GET; the token in the query", want: "405; 400 invalid_request", try: introspectByGet},
	{id: 201, sent: "a good token that is not the caller's, nor for it", want: "inactive; active for its client, its audience and a gateway", try: introspectByStranger},
	{id: 202, sent: "another client's refresh token", want: "inactive", try: introspectOthersRefresh},
	{id: 203, sent: "an id_token, a logout token, a client assertion, a DPoP proof", want: "inactive", try: introspectOtherJWTs},
	{id: 204, sent: "a wrong or unknown `token_type_hint`", want: "the right answer all the same", try: introspectWrongHints},
	{id: 206, sent: "tokens of a user or client disabled since", want: "inactive, on every node", try: introspectDisabled},
	{id: 207, sent: "tokens of 60 KB and 1 MB, also of dots alone", want: "inactive or 413, within 5 ms", try: introspectHuge},
	{id: 208, sent: "one token by two callers in turn, remembered from the other", want: "to each its own answer", try: introspectRemembered},
	{id: 209, sent: "a token that was revoked while remembered", want: "inactive, on every node", try: introspectRevoked},
	{id: 211, sent: "batches of 0, 1, 100, 101 tokens, and 10 MB", want: "400, good, good, 400, 413", try: batchSizes},
	{id: 212, sent: "batches with numbers, null, objects, arrays, the same twice, 60 KB, 1 MB", want: "400 as a whole; order and length as sent; 413", try: batchElements},
	{id: 213, sent: "a batch of tokens of several clients", want: "each judged by itself", try: batchOfMany},
	{id: 214, sent: "batch after batch of made-up tokens", want: "429, each token counted", try: batchScan},
	{id: 216, sent: "`Accept: application/token-introspection+jwt`", want: "plain JSON", try: introspectAsJWT},
}

// introspect asks as a client; hints may follow.
func (x *trial) introspect(app e2e.App, token string, pairs ...string) answer {
	x.Helper()
	return x.saw(x.node.Post("/introspect", app, append(pairs, "token", token)...))
}

func (x *trial) active(a answer) {
	x.Helper()
	if !a.Active() {
		x.Errorf("answered %d %s, want active", a.Status, a.Body)
	}
	x.unkept(a)
}

func introspectByBearer(x *trial) {
	user := x.alice("").Access
	for _, token := range []string{x.token, user, x.canary()} {
		for _, path := range []string{"/introspect", "/introspect/batch"} {
			body, kind := "token="+x.token, "application/x-www-form-urlencoded"
			if path != "/introspect" {
				body, kind = `{"tokens":["`+x.token+`"]}`, "application/json"
			}
			x.unknownClient(x.ask(x.request("POST", path, body, "Content-Type", kind, "Authorization", "Bearer "+token)), true)
		}
	}
}

func introspectByPublicClient(x *trial) {
	x.unknownClient(x.introspect(e2e.App{ID: x.spa.ID}, x.token), false)
	x.unknownClient(x.post("/introspect", "token="+x.token), false)
	x.unknownClient(x.post("/introspect", "token="+x.token, "Authorization", basic(e2e.App{ID: x.spa.ID})), true)
}

func introspectNothing(x *trial) {
	for _, form := range []string{"", "token=", "token=" + x.token + "&token=" + x.token, "token=" + x.token + "&token=x"} {
		x.bad(x.postAs(x.gateway, "/introspect", form), "invalid_request")
	}
}

func introspectByGet(x *trial) {
	a := x.get("/introspect?token="+x.canary(), "Authorization", basic(x.gateway))
	if x.status(a, 405); a.Header.Get("Allow") != "POST" {
		x.Errorf("Allow %q", a.Header.Get("Allow"))
	}
	x.bad(x.postAs(x.gateway, "/introspect?token="+x.canary(), ""), "invalid_request")
	x.bad(x.postAs(x.gateway, "/introspect?token="+x.canary(), "token="+x.token), "invalid_request")
}

func introspectByStranger(x *trial) {
	stranger := x.app()
	meant := x.tokenOf(x.app("audience", "https://api.example/"+stranger.ID))
	ours := x.tokenOf(x.app("audience", stranger.ID))
	x.inactive(x.introspect(stranger, x.token))
	x.inactive(x.introspect(stranger, meant))
	x.active(x.introspect(stranger, ours))
	x.active(x.introspect(x.service, x.token))
	x.active(x.introspect(x.gateway, x.token))
}

func introspectOthersRefresh(x *trial) {
	refresh := x.alice("").Refresh
	x.inactive(x.introspect(x.service, refresh))
	x.inactive(x.introspect(x.app(), refresh))
	x.active(x.introspect(x.web, refresh))
}

func introspectOtherJWTs(x *trial) {
	x.inactive(x.introspect(x.gateway, x.alice("").ID))
	x.inactive(x.introspect(x.web, x.alice("").ID))
	now := time.Now().Unix()
	for typ, claims := range map[string]string{
		"logout+jwt": fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"alice","iat":%d,"exp":%d,"jti":"a","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}`, x.node.Issuer, x.web.ID, now, now+60),
		"JWT":        fmt.Sprintf(`{"iss":%q,"sub":%[1]q,"aud":%q,"iat":%d,"exp":%d,"jti":"b"}`, x.service.ID, x.node.Issuer, now, now+60),
		"dpop+jwt":   fmt.Sprintf(`{"htm":"POST","htu":%q,"iat":%d,"jti":"c"}`, x.node.Issuer+"/token", now),
	} {
		x.inactive(x.introspect(x.gateway, strangersKey().sign(`{"alg":"ES256","typ":"`+typ+`"}`, claims)))
	}
}

func introspectWrongHints(x *trial) {
	refresh := x.alice("").Refresh
	for _, hint := range []string{"access_token", "refresh_token", "id_token", "nonsense", ""} {
		x.active(x.introspect(x.gateway, x.token, "token_type_hint", hint))
		x.active(x.introspect(x.gateway, refresh, "token_type_hint", hint))
		x.inactive(x.introspect(x.gateway, x.canary(), "token_type_hint", hint))
	}
}

func introspectDisabled(x *trial) {
	name := x.person()
	tokens := x.login(name, personPassword, "")
	x.alive(tokens.Access)
	x.node.Admin("POST", "/users/"+name+"/disable", nil).Want(x.T, 200)
	x.ended(tokens.Access)
	x.ended(tokens.Refresh)

	app := x.app()
	token := x.tokenOf(app)
	x.alive(token)
	x.node.PutClient(map[string]any{"client_id": app.ID, "grant_types": []string{"client_credentials"}, "scope": "orders:read", "disabled": true}).Want(x.T, 200)
	x.ended(token)
}

func introspectHuge(x *trial) {
	for name, token := range map[string]string{"letters": strings.Repeat("a", 60<<10), "dots": strings.Repeat(".", 60<<10), "a good one and more": x.token + strings.Repeat("A", 50<<10)} {
		var a answer
		if took := fastest(func() { a = x.introspect(x.gateway, token) }); took > 5*time.Millisecond {
			x.Errorf("%s take %s", name, took)
		}
		x.inactive(a)
	}
	for _, token := range []string{strings.Repeat("a", 1<<20), strings.Repeat(".", 1_000_000)} {
		body := "token=" + token
		x.tooLarge(x.raw(fmt.Sprintf("POST /introspect HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n%sContent-Length: %d\r\n\r\n%s", x.address(), basic(x.gateway), formType, len(body), body)))
	}
}

func introspectRemembered(x *trial) {
	stranger := x.app()
	for range 3 {
		x.active(x.introspect(x.gateway, x.token))
		x.inactive(x.introspect(stranger, x.token))
		x.active(x.introspect(x.service, x.token))
	}
	token := x.tokenOf(x.service) // seen by nobody yet
	x.inactive(x.introspect(stranger, token))
	x.active(x.introspect(x.gateway, token))
	x.good(x.bearer("/validate", token))
	x.inactive(x.introspect(stranger, token))
}

func introspectRevoked(x *trial) {
	token := x.tokenOf(x.service)
	for range 3 {
		x.alive(token)
	}
	x.node.Revoke(x.service, token).Want(x.T, 200)
	x.ended(token)
}

func introspectAsJWT(x *trial) {
	r := x.request("POST", "/introspect", url.Values{"token": {x.token}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", basic(x.gateway), "Accept", "application/token-introspection+jwt")
	a := x.ask(r)
	x.active(a)
	if a.Header.Get("Content-Type") != "application/json" || a.Status != http.StatusOK {
		x.Errorf("answered %d as %q", a.Status, a.Header.Get("Content-Type"))
	}
}
