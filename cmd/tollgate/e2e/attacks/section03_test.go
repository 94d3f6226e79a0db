//go:build attacks

package attacks

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

const assertions = "`private_key_jwt`"

var clientRows = []*row{
	{id: 118, sent: "`client_secret` in the query", want: "400 `invalid_request`", try: secretInQuery},
	{id: 119, sent: "`code`, `refresh_token`, `grant_type` in the query, some in the body, too", want: "400 `invalid_request`", try: parametersInQuery},
	{id: 121, sent: "a secret in Basic and in the body", want: "400 `invalid_request`", try: basicAndBody},
	{id: 122, sent: "Basic or a secret, and an assertion; two assertions", want: "400 `invalid_request`", try: secretAndAssertion},
	{id: 123, sent: "a wrong secret in Basic", want: "401 `invalid_client`, challenged", try: wrongBasic},
	{id: 124, sent: "a wrong secret in the body", want: "401 `invalid_client`, not challenged", try: wrongBody},
	{id: 126, sent: "Basic that is no base64, without colon, padding, with a newline, NUL, two spaces, of 64 KB; `basic`", want: "401 `invalid_client`, 431; `basic` is taken", try: oddBasic},
	{id: 127, sent: "Basic form-encoded once, twice, with `+`, with `%zz`", want: "decoded once; else 401", try: encodedBasic},
	{id: 128, sent: "another `client_id` in the body than in Basic", want: "400 `invalid_request`", try: twoNames},
	{id: 129, sent: "a confidential client without credentials", want: "401 `invalid_client`", try: unproven},
	{id: 131, sent: "a secret in the body by a client registered for Basic, and the reverse", want: "401 `invalid_client`", try: otherMethod},
	{id: 132, sent: "an empty secret, `null`, `undefined`; a secret of a client that has none", want: "401 `invalid_client`", try: emptySecrets},
	{id: 133, sent: "a secret with 72 bytes more, cut short; of 60 KB, of 1 MB", want: "401 `invalid_client` at once; 413", try: longSecrets},
	{id: 134, sent: "an assertion with alg none, HS256, RS256 for ES256", want: "401 `invalid_client`", waits: assertions},
	{id: 136, sent: "an assertion without `exp`, expired, for a year, from the future", want: "401 `invalid_client`", waits: assertions},
	{id: 137, sent: "an assertion whose `iss` is not its `sub`", want: "401 `invalid_client`", waits: assertions},
	{id: 138, sent: "the same `jti` twice", want: "one is taken", waits: assertions},
	{id: 139, sent: "an assertion of a type that there is not, a type alone, an assertion alone", want: "401 `invalid_client` or 400 `invalid_request`", try: unknownAssertions},
	{id: 141, sent: "a client that was disabled, deleted, given another secret on another node", want: "401 within 250 ms", try: endedClients},
	{id: 142, sent: "5,000 wrong secrets from one address, 5,000 from 1,000", want: "429 with `Retry-After`; the client itself gets in all the time", try: guessedSecrets},
}

func secretInQuery(x *trial) {
	for _, path := range []string{"/token", "/introspect", "/revoke"} {
		x.bad(x.post(path+"?client_secret="+x.canary(), tokenForm+"&token=x&client_id="+x.service.ID), "invalid_request")
	}
}

func parametersInQuery(x *trial) {
	for _, query := range []string{"code=", "refresh_token=", "code_verifier=", "token="} {
		x.bad(x.postAs(x.web, "/token?"+query+x.canary(), "grant_type=refresh_token"), "invalid_request")
	}
	x.bad(x.postAs(x.service, "/token?"+tokenForm, ""), "invalid_request")
	x.bad(x.postAs(x.service, "/token?"+tokenForm, tokenForm), "invalid_request")
	x.bad(x.postAs(x.service, "/token?scope=orders:read", tokenForm+"&scope=orders:write"), "invalid_request")
}

// inBody is a form with a client's credentials.
func inBody(app e2e.App, more string) string {
	return tokenForm + "&client_id=" + app.ID + "&client_secret=" + app.Secret + more
}

func basicAndBody(x *trial) {
	x.bad(x.postAs(x.service, "/token", inBody(x.service, "")), "invalid_request")
	x.bad(x.postAs(x.service, "/token", tokenForm+"&client_secret="+x.canary()), "invalid_request")
	x.bad(x.postAs(e2e.App{ID: x.service.ID, Secret: x.canary()}, "/token", inBody(x.service, "")), "invalid_request")
}

const assertion = "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="

func secretAndAssertion(x *trial) {
	x.bad(x.postAs(x.service, "/token", tokenForm+assertion+"x.y.z"), "invalid_request")
	x.bad(x.post("/token", inBody(x.service, assertion+"x.y.z")), "invalid_request")
	x.bad(x.post("/token", tokenForm+assertion+"x.y.z"+assertion+"x.y.z"), "invalid_request")
}

func wrongBasic(x *trial) {
	for _, app := range []e2e.App{{ID: x.service.ID, Secret: x.canary()}, {ID: "nobody", Secret: x.canary()}, {ID: x.service.ID, Secret: x.gateway.Secret}} {
		x.unknownClient(x.postAs(app, "/token", tokenForm), true)
	}
}

func wrongBody(x *trial) {
	for _, app := range []e2e.App{{ID: x.service.ID, Secret: x.canary()}, {ID: "nobody", Secret: x.canary()}, {ID: x.service.ID, Secret: x.gateway.Secret}} {
		x.unknownClient(x.post("/token", inBody(app, "")), false)
	}
}

// postWith is a good form to /token with this Authorization.
func (x *trial) postWith(authorization string) answer {
	x.Helper()
	return x.post("/token", tokenForm, "Authorization", authorization)
}

func encoded(userPass string) string { return base64.StdEncoding.EncodeToString([]byte(userPass)) }

func oddBasic(x *trial) {
	pair := x.service.ID + ":" + x.service.Secret
	for _, authorization := range []string{
		"Basic !!!" + x.canary(), "Basic " + encoded(x.canary()), "Basic " + encoded(pair+"\n"), "Basic " + encoded(pair+"\x00"), "Basic  " + encoded(pair),
		"Basic " + encoded(pair) + " x", "Basic " + encoded(":"+x.service.Secret), "Basic " + encoded(pair) + "=", "Basic " + base64.URLEncoding.EncodeToString([]byte(x.service.ID+":\xff\xfe")),
	} {
		x.unknownClient(x.postWith(authorization), true)
	}
	unpadded := e2e.App{ID: x.service.ID, Secret: x.service.Secret}
	for len(unpadded.ID+unpadded.Secret)%3 == 2 { // a colon more makes it whole
		unpadded.Secret += "x"
	}
	x.unknownClient(x.postWith("Basic "+strings.TrimRight(encoded(unpadded.ID+":"+unpadded.Secret), "=")), true)
	for _, scheme := range []string{"basic ", "BASIC ", "bAsIc "} {
		x.good(x.postWith(scheme + encoded(pair)))
	}
	for _, scheme := range []string{"Basic", "Basic ", "Bearer " + x.canary(), "Digest username=x", "Basic\t" + encoded(pair)} {
		x.status(x.postWith(scheme), 401)
	}
	x.oversized(x.raw("POST /token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic "+strings.Repeat("YTph", 16<<10)+"\r\n"+formType+sized(tokenForm)), 431)
}

// percent escapes every byte of a text.
func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func encodedBasic(x *trial) {
	odd := x.node.AddApp(x, map[string]any{"client_id": "a:b/" + hex.EncodeToString([]byte(e2e.Random()[:6])), "grant_types": []string{"client_credentials"}, "scope": "orders:read"})
	x.good(x.postAs(odd, "/token", tokenForm)) // a%3Ab
	x.good(x.postWith("Basic " + encoded(percent(odd.ID)+":"+percent(odd.Secret))))
	for _, pair := range []string{
		odd.ID + ":" + odd.Secret, // the first colon ends the name
		percent(percent(odd.ID)) + ":" + odd.Secret,
		percent(odd.ID) + "%zz:" + odd.Secret,
		percent(odd.ID) + "%:" + odd.Secret,
		strings.Replace(x.service.ID, "e", "+", 1) + ":" + x.service.Secret,
		x.service.ID + "+:" + x.service.Secret,
		x.service.ID + ":" + x.service.Secret + "%00",
		x.service.ID + ":" + x.service.Secret + "+",
	} {
		x.unknownClient(x.postWith("Basic "+encoded(pair)), true)
	}
}

func twoNames(x *trial) {
	x.bad(x.postAs(x.service, "/token", tokenForm+"&client_id="+x.gateway.ID), "invalid_request")
	x.bad(x.postAs(x.service, "/token", tokenForm+"&client_id=nobody"), "invalid_request")
	x.good(x.postAs(x.service, "/token", tokenForm+"&client_id="+x.service.ID))
}

func unproven(x *trial) {
	x.unknownClient(x.post("/token", tokenForm+"&client_id="+x.service.ID), false)
	x.unknownClient(x.post("/token", tokenForm), false)
	x.unknownClient(x.post("/token", "grant_type=refresh_token&refresh_token=x&client_id="+x.web.ID), false)
}

func otherMethod(x *trial) {
	for method, body := range map[string]bool{"client_secret_basic": false, "client_secret_post": true} {
		app := x.node.AddApp(x, map[string]any{
			"client_id": "m-" + e2e.Random()[:16], "grant_types": []string{"client_credentials"}, "scope": "orders:read", "token_endpoint_auth_method": method,
		})
		inBasic, inForm := x.postAs(app, "/token", tokenForm), x.post("/token", inBody(app, ""))
		if body {
			x.good(inForm)
			x.unknownClient(inBasic, true)
		} else {
			x.good(inBasic)
			x.unknownClient(inForm, false)
		}
	}
}

func emptySecrets(x *trial) {
	for _, secret := range []string{"", "null", "undefined", "0", "false", "[]"} {
		for _, id := range []string{x.service.ID, x.spa.ID, "nobody"} {
			x.unknownClient(x.postAs(e2e.App{ID: id, Secret: secret}, "/token", tokenForm), true)
		}
	}
	for _, form := range []string{"&client_secret=", "&client_secret=null", "&client_secret"} {
		x.unknownClient(x.post("/token", tokenForm+"&client_id="+x.service.ID+form), false)
	}
}

func longSecrets(x *trial) {
	for _, secret := range []string{x.service.Secret + strings.Repeat("x", 72), x.service.Secret[:len(x.service.Secret)-1], strings.Repeat("s", 60<<10)} {
		x.atOnce(func() {
			x.unknownClient(x.post("/token", inBody(e2e.App{ID: x.service.ID, Secret: secret}, "")), false)
		})
	}
	x.oversized(x.raw("POST /token HTTP/1.1\r\nHost: x\r\n"+formType+sized(inBody(e2e.App{ID: x.service.ID, Secret: strings.Repeat("s", 1<<20)}, ""))), 413)
}

func unknownAssertions(x *trial) {
	for _, form := range []string{
		"&client_assertion_type=urn%3Ax&client_assertion=x.y.z", "&client_assertion_type=urn%3Ax", "&client_assertion=x.y.z",
		"&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Asaml2-bearer&client_assertion=x", assertion + "x.y.z",
	} {
		a := x.post("/token", tokenForm+"&client_id="+x.service.ID+form)
		if !(a.Status == 401 && a.Text("error") == "invalid_client" || a.Status == 400 && a.Text("error") == "invalid_request") {
			x.Errorf("%s: answered %d %s", form, a.Status, a.Text("error"))
		}
	}
}

// heardOf is how soon every node must have heard of a change.
const heardOf = 250 * time.Millisecond

// farthest is the node that hears of changes last: another one, where there is one.
func (x *trial) farthest() *e2e.Node {
	if x.peer != nil {
		return x.peer
	}
	return x.node
}

func endedClients(x *trial) {
	ends := []func(members map[string]any){
		func(members map[string]any) {
			members["disabled"] = true
			x.node.PutClient(members).Want(x, 200)
		},
		func(members map[string]any) {
			x.node.Admin("DELETE", "/clients/"+members["client_id"].(string), nil).Want(x, 204)
		},
		func(members map[string]any) {
			x.node.Admin("POST", "/clients/"+members["client_id"].(string)+"/secret", nil).Want(x, 200)
		},
	}
	for _, end := range ends {
		members := map[string]any{"client_id": "e-" + e2e.Random()[:16], "grant_types": []string{"client_credentials"}, "scope": "orders:read"}
		app := x.node.AddApp(x, members)
		for range 5 {
			x.farthest().ClientCredentials(app).Want(x, 200)
		}
		end(members)
		x.unknownClient(x.saw(x.node.ClientCredentials(app).Answer), true) // who was told knows at once
		start := time.Now()
		for x.farthest().ClientCredentials(app).Status == 200 {
			if time.Since(start) > heardOf {
				x.Errorf("still let in after %s", time.Since(start))
				break
			}
		}
		x.unknownClient(x.saw(x.farthest().ClientCredentials(app).Answer), true)
	}
}

// guess tries wrong secrets of the service, from the address of the number of each guess, and returns
// how often each status came, and whether every 429 said when to come back.
func (x *trial) guess(n int, from func(i int) string) (statuses map[int]int, retryAfter bool) {
	x.Helper()
	const callers = 8
	wrong := basic(e2e.App{ID: x.service.ID, Secret: x.canary()})
	var count [600]atomic.Int64
	var unsaid atomic.Int64
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for i := caller; i < n; i += callers {
				r, _ := http.NewRequest("POST", x.node.URL+"/token", strings.NewReader(tokenForm))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("Authorization", wrong)
				r.Header.Set("X-Forwarded-For", from(i))
				a := e2e.Do(r)
				count[a.Status].Add(1)
				if a.Status == 429 && a.Header.Get("Retry-After") == "" {
					unsaid.Add(1)
				}
			}
		})
	}
	all.Wait()
	statuses = map[int]int{}
	for status := range count {
		if n := int(count[status].Load()); n > 0 {
			statuses[status] = n
		}
	}
	return statuses, unsaid.Load() == 0
}

func guessedSecrets(x *trial) {
	there := x.elsewhere("TOLLGATE_RATE_LIMITS__PER_IP=200/s burst 400", "TOLLGATE_RATE_LIMITS__PER_CLIENT=100/s burst 200", "TOLLGATE_TRUSTED_PROXIES=127.0.0.1/32")
	legit := func() {
		there.good(there.postAs(there.service, "/token", tokenForm, "X-Forwarded-For", "198.51.100.1"))
	}
	legit()
	one, said := there.guess(5000, func(int) string { return "203.0.113.9" })
	legit()
	if one[429] == 0 || one[401] == 0 || len(one) > 2 || !said {
		x.Errorf("one address: %v, Retry-After in all: %v", one, said)
	}
	many, _ := there.guess(5000, func(i int) string { return fmt.Sprintf("203.0.%d.%d", i%1000/250, i%250) })
	legit()
	if many[401]+many[429] != 5000 {
		x.Errorf("1,000 addresses: %v", many)
	}
	x.note("from one address most are turned away, from 1,000 each is refused")
}
