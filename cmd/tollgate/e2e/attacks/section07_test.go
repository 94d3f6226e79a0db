//go:build attacks

package attacks

import (
	"net/url"
	"slices"

	"tollgate/cmd/tollgate/e2e"
)

var userinfoRows = []*row{
	{id: 231, sent: "malformed and made-up tokens; none", want: "401 invalid_token; no error attribute for none", try: userinfoGarbage},
	{id: 232, sent: "a token without `openid`; a client's own", want: "403 insufficient_scope", try: userinfoNoOpenID},
	{id: 233, sent: "a token in the header and one in the body", want: "400 invalid_request", try: userinfoTwice},
	{id: 234, sent: "`?access_token=`, alone and beside others", want: "400, never in the log", try: userinfoQuery},
	{id: 236, sent: "`bearer`, `BEARER`; two spaces, a tab, two tokens, another scheme", want: "good; 401", try: userinfoSchemes},
	{id: 237, sent: "a DPoP-bound token as Bearer", want: "401", waits: "DPoP"},
	{id: 238, sent: "an id_token, a refresh token, a code as Bearer", want: "401 invalid_token", try: userinfoOtherTokens},
	{id: 239, sent: "tokens of a user disabled or deleted since", want: "401 invalid_token, on every node", try: userinfoGoneUsers},
	{id: 241, sent: "a token for `openid email` alone", want: "`sub`, `email`, `email_verified` as a boolean, and no more", try: userinfoEmailOnly},
	{id: 242, sent: "a token as username or password of Basic", want: "not accepted", try: userinfoBasic},
}

func userinfoGarbage(x *trial) {
	good := x.alice("").Access
	x.good(x.bearer("/userinfo", good))
	for _, token := range []string{x.canary(), "a.b.c", good[:len(good)-1], good + "A", "." + good, "null", "undefined"} {
		x.challenged(x.bearer("/userinfo", token), 401, "invalid_token")
	}
	x.challenged(x.get("/userinfo"), 401, "")
}

func userinfoNoOpenID(x *trial) {
	x.challenged(x.bearer("/userinfo", x.token), 403, "insufficient_scope")
	x.challenged(x.bearer("/userinfo", x.alice("orders:read profile email").Access), 403, "insufficient_scope")
}

func userinfoTwice(x *trial) {
	good := x.alice("").Access
	for _, body := range []string{good, x.canary(), ""} {
		x.challenged(x.post("/userinfo", "access_token="+body, "Authorization", "Bearer "+good), 400, "invalid_request")
	}
	x.good(x.post("/userinfo", "access_token="+good))
}

func userinfoQuery(x *trial) {
	good := x.alice("").Access
	x.challenged(x.get("/userinfo?access_token="+x.canary()), 400, "invalid_request")
	x.challenged(x.get("/userinfo?access_token="+x.canary(), "Authorization", "Bearer "+good), 400, "invalid_request")
	x.challenged(x.post("/userinfo?access_token="+x.canary(), "access_token="+good), 400, "invalid_request")
	x.canaries = append(x.canaries, good)
	x.challenged(x.get("/userinfo?access_token="+good), 400, "invalid_request")
	x.challenged(x.get("/userinfo?%61ccess_token="+good), 400, "invalid_request")
}

func userinfoSchemes(x *trial) {
	good := x.alice("").Access
	for _, scheme := range []string{"bearer", "BEARER", "bEaReR"} {
		x.good(x.get("/userinfo", "Authorization", scheme+" "+good))
	}
	for _, header := range []string{"Bearer  " + good, "Bearer " + good + ", Bearer " + good, "Bearer " + good + " x", "Bearer"} {
		x.challenged(x.get("/userinfo", "Authorization", header), 401, "invalid_token")
	}
	for _, header := range []string{"Bearer\t" + good, "Token " + good, good, "BearerX " + good, "DPoP " + good} {
		x.challenged(x.get("/userinfo", "Authorization", header), 401, "")
	}
}

func userinfoOtherTokens(x *trial) {
	tokens := x.alice("")
	asked := x.node.Ask(x.web)
	code, err := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword).Code(x.node, x.web, asked)
	if err != nil {
		x.Fatal(err)
	}
	for _, token := range []string{tokens.ID, tokens.Refresh, code, x.web.Secret} {
		x.challenged(x.bearer("/userinfo", token), 401, "invalid_token")
	}
}

func userinfoGoneUsers(x *trial) {
	for method, path := range map[string]string{"POST": "/disable", "DELETE": ""} {
		name := x.person()
		tokens := x.login(name, personPassword, "")
		for _, n := range x.nodes() {
			n.Userinfo(tokens.Access).Want(x.T, 200)
		}
		if a := x.node.Admin(method, "/users/"+name+path, nil); a.Status/100 != 2 {
			x.Fatalf("%s: %d %s", method, a.Status, a.Body)
		}
		x.ended(tokens.Access)
		for _, n := range x.nodes() {
			x.challenged(x.saw(n.Userinfo(tokens.Access)), 401, "invalid_token")
		}
	}
}

func userinfoEmailOnly(x *trial) {
	name := x.person()
	for scope, want := range map[string][]string{
		"openid":         {"sub"},
		"openid email":   {"email", "email_verified", "sub"},
		"openid profile": {"name", "preferred_username", "sub", "updated_at"},
	} {
		a := x.bearer("/userinfo", x.login(name, personPassword, scope).Access)
		x.good(a)
		x.unkept(a)
		body := a.JSON()
		var names []string
		for member := range body {
			names = append(names, member)
		}
		if slices.Sort(names); !slices.Equal(names, want) {
			x.Errorf("%s shows %v, want %v", scope, names, want)
		}
		if verified, there := body["email_verified"]; there && verified != true {
			x.Errorf("email_verified is %v (%[1]T), want true", verified)
		}
	}
}

func userinfoBasic(x *trial) {
	good := x.alice("").Access
	for _, app := range []e2e.App{{ID: good}, {ID: "x", Secret: good}, {ID: good, Secret: good}, {ID: "x-oauth-basic", Secret: good}} {
		x.challenged(x.get("/userinfo", "Authorization", basic(app)), 401, "")
	}
	x.challenged(x.get("/userinfo", "Cookie", "access_token="+url.QueryEscape(good)), 401, "")
	x.challenged(x.get("/userinfo", "X-Access-Token", good), 401, "")
}
