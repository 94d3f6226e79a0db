//go:build attacks

package attacks

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

var pageRows = []*row{
	{id: 346, sent: "id_token_hint at /logout: changed, another user's, expired", want: "a question; the expired one of this session is enough", try: logoutHints},
	{id: 347, sent: "/logout as an image on another site", want: "a question, nobody is signed out", try: logoutByImage},
	{id: 348, sent: "the old cookie and the old tokens after a logout", want: "nobody is signed in; everything ended; no page is kept", try: afterLogout},
	{id: 349, sent: "a look at back-channel logout tokens", want: "OIDC Back-Channel Logout 2.4", waits: "back-channel logout"},
	{id: 351, sent: "a username in other cases, the e-mail address, with the right password", want: "401: they are nobody, so no counter is evaded", try: otherSpellings},
	{id: 352, sent: "many passwords for one user; one password for many; from elsewhere", want: "429 both ways, `Retry-After`; the victim gets in from elsewhere", try: guessing},
	{id: 353, sent: "passwords of 1 MB, with NUL, of 73 bytes, empty, in NFD", want: "413, 400, 401", try: oddPasswords},
	{id: 354, sent: "1,000 logins at once", want: "each answered or told to come back; /validate undisturbed", try: loginStorm},
	{id: 356, sent: "login and consent links in another browser; made-up ones", want: "403; 404", try: othersLinks},
	{id: 357, sent: "forms without a token, with another's, from another site", want: "403", try: forgedForms},
	{id: 358, sent: "consent with further fields: scope, client, address, PKCE", want: "400; what was asked stands", try: consentFields},
	{id: 359, sent: "100 clicks on Allow at once", want: "one code", try: consentClicks},
	{id: 361, sent: "a second authorization of a public client with a loopback address", want: "consent again; `prompt=none`: consent_required", try: consentAgain},
	{id: 362, sent: "grants that get around consent", want: "consent", waits: "jwt-bearer, device and exchange grants"},
	{id: 363, sent: "a look at the cookies, over https", want: "`__Host-`, Secure, HttpOnly, SameSite=Lax, Path=/, no Domain", try: cookieFlags},
	{id: 364, sent: "2,000 authorizations left at the login page", want: "1 KB each at most, gone within ten minutes", try: abandoned},
	{id: 366, sent: "a look at the headers of every page, over https", want: "CSP without unsafe-inline, nosniff, no-referrer, COOP, HSTS, no-store", try: pageHeaders},
}

func logoutHints(x *trial) {
	v := x.victim()
	for _, hint := range []string{v.id[:len(v.id)-4] + "AAAA", v.access, "x", x.login(x.person(), personPassword, "").ID, x.alice("").ID} {
		a := v.get("/logout?id_token_hint=" + url.QueryEscape(hint))
		if !strings.Contains(string(a.Body), "Sign out?") || !v.signedIn() {
			x.Errorf("answered %d, still signed in %v", a.Status, v.signedIn())
		}
	}
	old := v.id
	if v.key != nil { // in memory time would have to pass
		j := partsOf(v.id)
		j.claims = with("exp", fmt.Sprint(time.Now().Unix()-3600))(with("iat", fmt.Sprint(time.Now().Unix()-7200))(j.claims))
		old = v.fits(j)
	} else {
		x.note("an expired hint in memory: `TestLogout_HintProvesOnlyItsOwnSession`")
	}
	a := v.get("/logout?" + url.Values{"id_token_hint": {old}, "post_logout_redirect_uri": {e2e.SignedOutURI}, "state": {"s"}}.Encode())
	if a.Header.Get("Location") != e2e.SignedOutURI+"?state=s" || v.signedIn() {
		x.Errorf("answered %d to %q", a.Status, a.Header.Get("Location"))
	}
}

func logoutByImage(x *trial) {
	v := x.visitor().signIn(e2e.DemoUser, e2e.DemoPassword)
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "image", "Accept", "image/*"}, {"Referer", "https://evil.example/"}, nil,
	} {
		for _, query := range []string{"", "?state=x", "?client_id=" + x.web.ID, "?client_id=" + x.web.ID + "&post_logout_redirect_uri=" + url.QueryEscape(e2e.SignedOutURI)} {
			x.page(v.get("/logout"+query, headers...), 200)
		}
	}
	for _, body := range []string{"", "state=x", "csrf=x"} { // a form there that submits itself
		r := x.request("POST", "/logout", body, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
		x.status(v.do(r), 200, 303, 403)
	}
	if !v.signedIn() {
		x.Error("a stranger's page signed the person out")
	}
}

func afterLogout(x *trial) {
	v := x.visitor()
	tokens := v.tokens(x.web, e2e.DemoUser, e2e.DemoPassword)
	old := v.twin()
	x.alive(tokens.Access)
	question := v.get("/logout")
	x.page(question, 200)
	x.page(v.send(v.form(question)), 200)
	if old.signedIn() || v.signedIn() || v.cookie(sessionCookie) != "" {
		x.Error("somebody is still signed in")
	}
	asked := x.node.Ask(x.web, "prompt", "none")
	x.redirected(old.get(asked.URL), x.web.RedirectURI, asked.State, "login_required")
	x.ended(tokens.Access)
	x.ended(tokens.Refresh)
	x.bad(x.saw(x.node.Refresh(x.web, tokens.Refresh).Answer), "invalid_grant")
}
