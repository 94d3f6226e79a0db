//go:build attacks

package attacks

import (
	"net/url"
	"strings"

	"tollgate/cmd/tollgate/e2e"
)

func othersLinks(x *trial) {
	attacker, victim := x.visitor(), x.visitor().signIn(e2e.DemoUser, e2e.DemoPassword)
	interaction := attacker.toLogin(x.web).Fields.Get("interaction")
	for _, path := range []string{"/login?interaction=" + interaction, "/login?switch=1&interaction=" + interaction, "/consent?interaction=" + interaction} {
		x.page(victim.get(path), 403)
		x.page(x.get(path), 403)
	}
	for _, made := range []string{strings.Repeat("A", 43), e2e.Random()} {
		x.page(victim.get("/login?interaction="+made), 404)
		x.page(victim.get("/consent?interaction="+made), 404)
	}
}

func forgedForms(x *trial) {
	set := func(f *e2e.Form, name, value string) *e2e.Form {
		fields := url.Values{}
		for k, v := range f.Fields {
			fields[k] = v
		}
		if fields.Set(name, value); value == "-" {
			fields.Del(name)
		}
		return &e2e.Form{Action: f.Action, Fields: fields}
	}
	v := x.visitor()
	login := v.toLogin(x.web)
	login.Fields.Set("username", e2e.DemoUser)
	login.Fields.Set("password", e2e.DemoPassword)
	forms := []*e2e.Form{
		set(login, "csrf", "-"), set(login, "csrf", ""), set(login, "csrf", "x"),
		set(login, "csrf", x.visitor().toLogin(x.web).Fields.Get("csrf")), // of another browser
		set(login, "csrf", v.twin().toLogin(x.web).Fields.Get("csrf")),    // of another interaction
		set(login, "csrf", v.form(v.get("/login")).Fields.Get("csrf")),    // of none
		set(login, "interaction", "-"),
	}
	for _, f := range forms {
		x.page(v.send(f), 403)
	}
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "http://127.0.0.1.evil.example"}} {
		x.page(v.send(login, headers...), 403)
	}
	x.page(x.visitor().send(login), 403) // without the cookie
	consent := v.toConsent()
	for _, f := range []*e2e.Form{set(consent, "csrf", "-"), set(consent, "csrf", login.Fields.Get("csrf")), set(consent, "csrf", x.visitor().toConsent().Fields.Get("csrf"))} {
		x.page(v.send(f), 403)
	}
	x.page(v.send(consent, "Sec-Fetch-Site", "cross-site"), 403)
	before := *consent
	again := v.form(v.get("/login?switch=1&interaction=" + consent.Fields.Get("interaction")))
	if a := v.fillIn(again, e2e.DemoUser, e2e.DemoPassword); a.Status != 303 { // another session
		x.Fatalf("answered %d", a.Status)
	}
	x.page(v.send(&before), 403)
}

func consentFields(x *trial) {
	for _, field := range []string{"scope", "client_id", "redirect_uri", "code_challenge", "state", "resource", "subject"} {
		v := x.visitor()
		f := v.toConsent("scope", "openid")
		f.Fields.Set(field, "orders:read")
		x.page(v.send(f), 400)
	}
	v := x.visitor()
	asked := x.node.Ask(x.spa, "scope", "openid")
	f := v.form(v.next(v.fillIn(v.form(v.next(v.get(asked.URL))), e2e.DemoUser, e2e.DemoPassword)))
	for _, decision := range []string{"maybe", "", "ALLOW"} {
		f.Fields.Set("decision", decision)
		x.page(v.send(f), 400)
	}
	f.Fields.Set("decision", "allow")
	inQuery := *f
	action := *f.Action
	action.RawQuery = "scope=orders:read"
	inQuery.Action = &action
	x.page(v.send(&inQuery), 400)
	to := x.redirected(v.send(f), x.spa.RedirectURI, asked.State, "")
	tokens := x.node.Exchange(x.spa, to.Get("code"), asked.Verifier).Want(x.T, 200)
	if tokens.Text("scope") != "openid" {
		x.Errorf("scope %q, asked was openid", tokens.Text("scope"))
	}
}

func consentClicks(x *trial) {
	v := x.visitor()
	f := v.toConsent()
	where := make([]string, 100)
	together(100, func(i int) { where[i] = v.exchange(f.Request()).Header.Get("Location") })
	for _, to := range where {
		if to != where[0] || !strings.Contains(to, "code=") {
			x.Fatalf("two answers: %q and %q", where[0], to)
		}
	}
	f.Fields.Set("decision", "deny")
	if a := v.send(f); a.Header.Get("Location") != where[0] {
		x.Errorf("another answer afterwards leads to %q", a.Header.Get("Location"))
	}
	x.note("100 of 100 led to one code")
}

func consentAgain(x *trial) {
	v := x.visitor()
	v.tokens(x.spa, e2e.DemoUser, e2e.DemoPassword)
	again := v.form(v.next(v.get(x.node.Ask(x.spa).URL)))
	if !again.Fields.Has("interaction") || again.Fields.Has("password") {
		x.Errorf("the form has %v, want the question for consent", again.Fields)
	}
	asked := x.node.Ask(x.spa, "prompt", "none")
	x.redirected(v.get(asked.URL), x.spa.RedirectURI, asked.State, "consent_required")
}
