//go:build attacks

package attacks

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

const (
	deviceGrant   = "the device grant"
	tokenExchange = "token exchange"
)

var grantRows = []*row{
	{id: 143, sent: "`grant_type` missing, empty, twice, `password`, `implicit`, in other case, with a space", want: "400 `invalid_request` or `unsupported_grant_type`", try: oddGrants},
	{id: 144, sent: "a grant that is not the client's", want: "400 `unauthorized_client`", try: othersGrants},
	{id: 146, sent: "an expired code", want: "400 `invalid_grant`", try: expiredCode},
	{id: 147, sent: "a used code, 1 s later and after its lifetime", want: "400 `invalid_grant`; the tokens of its first use end on every node", try: usedCode},
	{id: 148, sent: "a code, 100 times at once", want: "one success, 99 `invalid_grant`", try: racedCode},
	{id: 149, sent: "a code, 100 times at once to two nodes (one in memory)", want: "one success, 99 `invalid_grant`", try: racedCodeOnTwo},
	{id: 151, sent: "no verifier, a wrong one, of 42, of 129 characters, with others than allowed", want: "400 `invalid_grant`", try: badVerifiers},
	{id: 152, sent: "a verifier where /authorize had no challenge; none where it had", want: "there is no such code; 400 `invalid_grant`", try: downgrade},
	{id: 153, sent: "three wrong verifiers, then the right one", want: "400 `invalid_grant`", try: guessedVerifier},
	{id: 154, sent: "`redirect_uri` missing, with a slash, on another port", want: "400 `invalid_grant`", try: otherRedirects},
	{id: 156, sent: "a code of a user who was disabled meanwhile, or has a new password", want: "400 `invalid_grant`", try: endedUsersCode},
	{id: 157, sent: "`client_credentials` for `openid`, `offline_access`, scopes of others, with `\"`", want: "400 `invalid_scope`", try: userScopes},
	{id: 158, sent: "`client_credentials`", want: "neither refresh token nor id_token", try: nothingMore},
	{id: 159, sent: "a client named like a user's `sub`", want: "cannot be registered", try: clientAsUser},
	{id: 161, sent: "a refresh token whose successor was used", want: "400 `invalid_grant`, the family ends on every node, an event tells", try: reusedRefresh},
	{id: 162, sent: "a refresh token, 100 times at once, to every node", want: "one successor, the same for all", try: racedRefresh},
	{id: 163, sent: "the oldest of three after two rotations in a second", want: "400 `invalid_grant`, the family ends", try: rotatedTwice},
	{id: 164, sent: "an old refresh token after a restart", want: "400 `invalid_grant`", try: reusedAfterRestart},
	{id: 166, sent: "more scope at a refresh; less, and then all again", want: "400 `invalid_scope`; 200", try: refreshScopes},
	{id: 167, sent: "another client's refresh token", want: "400 `invalid_grant`; it still works for its owner", try: othersRefresh},
	{id: 168, sent: "a refresh token after the user was disabled, got a new password, withdrew consent", want: "400 `invalid_grant`", try: endedUsersRefresh},
	{id: 169, sent: "rotation past the absolute lifetime", want: "400 `invalid_grant`", try: oldFamily},
	{id: 171, sent: "a bound refresh token with another key", want: "400 `invalid_grant`", waits: "DPoP"},
	{id: 172, sent: "a refresh token again, as the answer was lost", want: "the identical successor", try: lostRefresh},
	{id: 173, sent: "a refresh token again after the retry window", want: "400 `invalid_grant`, the family ends", try: lateRetry},
	{id: 174, sent: "a poll before the approval", want: "400 `authorization_pending`", waits: deviceGrant},
	{id: 176, sent: "a denied, expired, unknown device code", want: "400 `access_denied`, `expired_token`, `invalid_grant`", waits: deviceGrant},
	{id: 177, sent: "another client's device code", want: "400 `invalid_grant`", waits: deviceGrant},
	{id: 178, sent: "a device code twice, 100 polls at once", want: "one success", waits: deviceGrant},
	{id: 179, sent: "10,000 guesses of user codes", want: "429 after five a minute", waits: deviceGrant},
	{id: 181, sent: "`verification_uri_complete` by who is signed in", want: "still asked", waits: deviceGrant},
	{id: 182, sent: "an approval without form token, session, by who is locked out", want: "403 or the login page", waits: deviceGrant},
	{id: 183, sent: "device authorization by GET, without a secret, for unknown scopes", want: "405, 401, 400 `invalid_scope`", waits: deviceGrant},
	{id: 184, sent: "an invalid, expired, revoked `subject_token`", want: "400 `invalid_request`", waits: tokenExchange},
	{id: 186, sent: "`subject_token` and `actor_token` without type, types without token", want: "400 `invalid_request`", waits: tokenExchange},
	{id: 187, sent: "more scope or life than the subject's", want: "less, or 400 `invalid_scope`", waits: tokenExchange},
	{id: 188, sent: "an id_token as an access token, and the reverse", want: "400 `invalid_request`", waits: tokenExchange},
	{id: 189, sent: "50 exchanges in a row", want: "400 `invalid_request` at the limit", waits: tokenExchange},
	{id: 191, sent: "an unknown `resource`", want: "400 `invalid_target`", try: unknownResource},
	{id: 192, sent: "24 wrong DPoP proofs", want: "400 `invalid_dpop_proof`, 401", waits: "DPoP"},
	{id: 193, sent: "what succeeds", want: "JSON, `no-store`, `no-cache`, Bearer, whole seconds; 256 random bits", try: successShape},
	{id: 194, sent: "20,000 tokens (ES256; a million would take a quarter of an hour)", want: "no id twice; its random bytes pass χ²", try: manyTokens},
}

// user registers somebody of the row's own.
func (x *trial) user() *e2e.Browser {
	x.Helper()
	name := "u-" + hex.EncodeToString([]byte(e2e.Random()[:12]))
	x.node.AddUser(x, name, e2e.DemoPassword)
	return e2e.NewBrowser(name, e2e.DemoPassword)
}

// issued is a code, and what it is traded with.
type issued struct {
	app            e2e.App
	code, verifier string
}

// code goes through /authorize.
func (x *trial) code(b *e2e.Browser, app e2e.App) issued {
	x.Helper()
	asked := x.node.Ask(app)
	code, err := b.Code(x.node, app, asked)
	if err != nil {
		x.Fatal(err)
	}
	return issued{app, code, asked.Verifier}
}

// trade redeems a code; pairs are other values of parameters, "-" leaves one out.
func (x *trial) trade(c issued, pairs ...string) answer {
	x.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {c.code}, "code_verifier": {c.verifier}, "redirect_uri": {c.app.RedirectURI}}
	for i := 0; i < len(pairs); i += 2 {
		if form.Set(pairs[i], pairs[i+1]); pairs[i+1] == "-" {
			form.Del(pairs[i])
		}
	}
	if c.app.Secret == "" {
		form.Set("client_id", c.app.ID)
		return x.post("/token", form.Encode())
	}
	return x.postAs(c.app, "/token", form.Encode())
}

// refresh trades a refresh token; more is further parameters of the form.
func (x *trial) refresh(app e2e.App, token, more string) answer {
	x.Helper()
	return x.postAs(app, "/token", "grant_type=refresh_token&refresh_token="+token+more)
}

// everywhere are the nodes of the installation.
func (x *trial) everywhere() []*e2e.Node {
	if x.peer == nil {
		return []*e2e.Node{x.node}
	}
	return []*e2e.Node{x.node, x.peer}
}

// gone wants tokens to be refused by every node, soon.
func (x *trial) gone(tokens ...string) {
	x.Helper()
	for i, n := range x.everywhere() {
		for _, token := range tokens {
			start := time.Now()
			for n.Introspect(x.gateway, token).Active() && time.Since(start) < heardOf {
			}
			a := n.Introspect(x.gateway, token)
			if x.inactive(answer{Answer: a}); i == 0 {
				x.saw(a)
			}
		}
	}
}

// race has so many callers ask at once, each one of the nodes in turn, and returns what they got.
func (x *trial) race(callers int, nodes []*e2e.Node, ask func(n *e2e.Node) e2e.Tokens) []e2e.Tokens {
	x.Helper()
	all := make([]e2e.Tokens, callers)
	begin := make(chan struct{})
	var done sync.WaitGroup
	for i := range all {
		done.Go(func() {
			<-begin
			all[i] = ask(nodes[i%len(nodes)])
		})
	}
	close(begin)
	done.Wait()
	return all
}

func unknownResource(x *trial) {
	for _, resource := range []string{"https://other.example/", "/resources", x.node.Issuer + "/resources#x"} {
		x.bad(x.postAs(x.service, "/token", tokenForm+"&resource="+url.QueryEscape(resource)), "invalid_target")
	}
	x.good(x.postAs(x.service, "/token", tokenForm+"&resource="+url.QueryEscape(x.node.Issuer+"/resources")))
}

func successShape(x *trial) {
	a := x.postAs(x.service, "/token", tokenForm)
	x.good(a)
	if a.Header.Get("Content-Type") != "application/json" || a.Text("token_type") != "Bearer" || !strings.Contains(string(a.Body), `"expires_in":600`) {
		x.Errorf("%v %s", a.Header, a.Body)
	}
	b := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	c := x.code(b, x.web)
	tokens := x.trade(c)
	x.good(tokens)
	for name, handle := range map[string]string{"code": c.code, "refresh token": tokens.Text("refresh_token")} {
		const prefix = 4 // tgc_, tgr_
		if len(handle) < prefix+43 || strings.Trim(handle, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			x.Errorf("%s of %d characters: 43 of base64url are 256 bits", name, len(handle))
		}
	}
}

func manyTokens(x *trial) {
	const n, callers = 20_000, 8
	there := x.elsewhere("TOLLGATE_TOKENS__SIGNING_ALG=ES256")
	ids := make([]string, n)
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for i := caller; i < n; i += callers {
				ids[i] = tokenID(there.node.ClientCredentials(there.service).Access)
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	var count [256]float64
	bytes := 0.0
	for _, id := range ids {
		raw, err := b64url.DecodeString(id)
		if seen[id] || err != nil || len(raw) != 32 {
			x.Fatalf("id %q: again, or no 32 bytes", id)
		}
		seen[id] = true
		for _, c := range append(raw[:16:16], raw[22:]...) { // between them stands the time
			count[c]++
			bytes++
		}
	}
	chi := 0.0
	for _, k := range count {
		chi += (k - bytes/256) * (k - bytes/256) / (bytes / 256)
	}
	const limit = 400 // 255 degrees of freedom: one in ten million
	if chi > limit {
		x.Errorf("χ² is %.0f, want at most %d", chi, limit)
	}
	x.note("%d ids, none twice; χ² holds", n)
	x.saw(there.node.ClientCredentials(there.service).Answer)
}

// tokenID is the jti of an access token.
func tokenID(token string) string {
	id, _ := claims(token)["jti"].(string)
	return id
}

func oddGrants(x *trial) {
	for _, form := range []string{"", "grant_type=", "grant_type=client_credentials&grant_type=client_credentials", "grant_type=a&grant_type=b"} {
		x.bad(x.postAs(x.service, "/token", form), "invalid_request")
	}
	for _, grant := range []string{"password", "implicit", "Authorization_Code", "client_credentials%20", "+client_credentials", "CLIENT_CREDENTIALS", "urn:ietf:params:oauth:grant-type:jwt-bearer", x.canary()} {
		x.bad(x.postAs(x.service, "/token", fmt.Sprintf("grant_type=%s&username=%s&password=%s", grant, e2e.DemoUser, e2e.DemoPassword)), "unsupported_grant_type")
	}
}

func othersGrants(x *trial) {
	for _, grant := range []string{"authorization_code&code=x", "refresh_token&refresh_token=x"} {
		x.bad(x.postAs(x.service, "/token", "grant_type="+grant), "unauthorized_client")
	}
	x.bad(x.postAs(x.web, "/token", tokenForm), "unauthorized_client")
	x.bad(x.post("/token", tokenForm+"&client_id="+x.spa.ID), "unauthorized_client")
}

func userScopes(x *trial) {
	for _, scope := range []string{"openid", "offline_access", "orders:read openid", "profile", "email", "admin", `"`, `\`, "a  b", "ORDERS:READ"} {
		x.bad(x.postAs(x.service, "/token", tokenForm+"&scope="+url.QueryEscape(scope)), "invalid_scope")
	}
	app := x.node.AddApp(x, map[string]any{"client_id": "s-" + e2e.Random()[:16], "grant_types": []string{"client_credentials"}, "scope": "openid offline_access orders:read"})
	x.bad(x.postAs(app, "/token", tokenForm+"&scope=openid"), "invalid_scope")
	if a := x.postAs(app, "/token", tokenForm); a.Text("scope") != "orders:read" {
		x.Errorf("without a scope it gets %q", a.Text("scope"))
	}
}

func nothingMore(x *trial) {
	a := x.postAs(x.service, "/token", tokenForm)
	x.good(a)
	for _, member := range []string{"refresh_token", "id_token"} {
		if _, has := a.JSON()[member]; has {
			x.Errorf("the answer has a %s", member)
		}
	}
}

func clientAsUser(x *trial) {
	subject, _ := claims(x.user().Login(x, x.node, x.web).Access)["sub"].(string)
	for _, id := range []string{subject, subject[:len(subject)-1], subject + "x"} {
		a := x.saw(x.node.Admin("POST", "/clients", map[string]any{"client_id": id, "grant_types": []string{"client_credentials"}, "scope": "orders:read"}))
		x.bad(a, "invalid_request")
	}
	if subject == "" {
		x.Error("a token of a user without sub")
	}
}
