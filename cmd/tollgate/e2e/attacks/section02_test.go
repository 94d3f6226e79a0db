//go:build attacks

package attacks

import (
	"fmt"
	"net/url"
	"strings"

	"tollgate/cmd/tollgate/e2e"
)

var authorizeRows = []*row{
	{id: 61, sent: "an unknown `client_id`", want: "a page", try: unknownClients},
	{id: 62, sent: "no `client_id`, an empty one", want: "a page", try: noClient},
	{id: 63, sent: "no `redirect_uri` where two are registered", want: "a page", try: noRedirectOfTwo},
	{id: 64, sent: "an unregistered `redirect_uri`", want: "a page", try: unregistered},
	{id: 66, sent: "scheme or host in capitals", want: "a page", try: capitals},
	{id: 67, sent: "a trailing slash more, or a path less", want: "a page", try: slashes},
	{id: 68, sent: "a query added, changed, grown, left out", want: "a page", try: queries},
	{id: 69, sent: "a query added to a loopback URI", want: "a page", try: loopbackQuery},
	{id: 71, sent: "user and password before another host", want: "a page", try: userinfos},
	{id: 72, sent: "backslashes, tab, newline, leading space", want: "a page", try: differentials},
	{id: 73, sent: "`..`, `..;`, `%2e%2e`, `//` in the path", want: "a page", try: dotSegments},
	{id: 74, sent: "escaped letters, escapes in the other case", want: "a page", try: escapedLetters},
	{id: 76, sent: "ports `:443`, `:444`, `:`, `:0`, `:65536`, `:443@evil`; another port of a confidential client's loopback", want: "a page", try: ports},
	{id: 77, sent: "full-width, punycode, `。`, a soft hyphen in the host", want: "a page", try: unicodeHosts},
	{id: 78, sent: "http for https; `javascript:`, `data:`, `vbscript:`, `file:`, `blob:`", want: "a page", try: schemes},
	{id: 79, sent: "`redirect_uri` twice, good and evil, evil and good, in query and form", want: "400, nobody is sent anywhere", try: twoRedirects},
	{id: 81, sent: "a loopback URI on another port", want: "the code goes there; /token wants the same port", try: loopbackPort},
	{id: 82, sent: "`127.1`, `2130706433`, `0.0.0.0`, `[::ffff:127.0.0.1]`, `127.0.0.1.evil`, `127.0.0.2`, https, ports 0 and 65536", want: "a page", try: loopbackLookAlikes},
	{id: 83, sent: "`[::1]` and `localhost` for 127.0.0.1; another port on a registered localhost", want: "a page; registered localhost itself is taken as it stands", try: otherLoopbacks},
	{id: 84, sent: "84 open redirects as `redirect_uri`, `post_logout_redirect_uri`, `rd`, `return_to`, `state`", want: "a page, or the registered address", try: openRedirects},
	{id: 86, sent: "`client_id` or `state` twice", want: "400, nobody is sent anywhere", try: twoClients},
	{id: 87, sent: "`state=`", want: "as omitted", try: emptyState},
	{id: 88, sent: "an unknown parameter", want: "ignored", try: unknownParameter},
	{id: 89, sent: "no `response_type`, `token`, `code token`", want: "back with `invalid_request`, `unsupported_response_type`", try: responseTypes},
	{id: 91, sent: "`response_mode` fragment, form_post, unknown", want: "back with `invalid_request`, in the query", try: responseModes},
	{id: 92, sent: "no `code_challenge`, by public and confidential clients", want: "back with `invalid_request`", try: noChallenge},
	{id: 93, sent: "`code_challenge_method=plain`", want: "back with `invalid_request`", try: plainChallenge},
	{id: 94, sent: "a challenge without method", want: "back with `invalid_request`", try: challengeAlone},
	{id: 96, sent: "a method without challenge", want: "back with `invalid_request`", try: methodAlone},
	{id: 97, sent: "scopes unknown, not the client's, with `\"` and `\\`, 2,000 of them", want: "back with `invalid_scope`", try: oddScopes},
	{id: 98, sent: "`offline_access` by a client that may not refresh", want: "no refresh token", try: offlineWithoutRefresh},
	{id: 99, sent: "`prompt=none` without session, without consent, with an old session", want: "back with `login_required`, `consent_required`; no page", try: promptNone},
	{id: 101, sent: "`max_age` -1, abc, 1e9; 0", want: "back with `invalid_request`; the login page", try: oddMaxAge},
	{id: 102, sent: "`max_age=1` with a session of 2 s, then again the login form", want: "the login page; a fresh `auth_time`", try: oldSession},
	{id: 103, sent: "`id_token_hint` forged, alg none, of another user", want: "back with `invalid_request`, `login_required`; nobody is signed in", try: badHints},
	{id: 104, sent: "HTML, templates, paths in `login_hint`, `ui_locales`, `client_name`", want: "escaped", try: markup},
	{id: 106, sent: "`request=` unsigned", want: "back with `request_not_supported`", try: unsignedRequest},
	{id: 107, sent: "`request=` signed by anybody, expired, for another client", want: "back with `request_not_supported`", try: signedRequest},
	{id: 108, sent: "`request=` encrypted", want: "back with `request_not_supported`", try: encryptedRequest},
	{id: 109, sent: "`request_uri=` of this machine, of a metadata service, of a file", want: "back with `request_uri_not_supported`; nobody connects", try: requestURIs},
	{id: 111, sent: "`resource` with a fragment, relative, unknown", want: "back with `invalid_target`", try: resources},
	{id: 112, sent: "`state` of HTML, emoji, 4 KB; of 4,097 bytes, with CRLF, of 64 KB", want: "back byte for byte; a page, or 431; never in the log", try: states},
	{id: 113, sent: "what succeeds and what does not", want: "`iss` as in the metadata; no code beside an error", try: issuerEverywhere},
	{id: 114, sent: "an error of a client that registered itself", want: "no redirect without the person", waits: "dynamic registration"},
	{id: 116, sent: "any page, in a frame", want: "`frame-ancestors 'none'`, `X-Frame-Options: DENY`", try: frames},
	{id: 117, sent: "a page that links to others", want: "`no-referrer`, nothing from anywhere", try: referrers},
}

const appCallback = "https://app.example/cb"

// redirecting registers a client for codes with these redirect URIs.
func (x *trial) redirecting(public bool, uris ...string) e2e.App {
	x.Helper()
	members := map[string]any{
		"client_id": "r-" + e2e.Random()[:16], "grant_types": []string{"authorization_code"}, "scope": "openid offline_access", "redirect_uris": uris,
	}
	if public {
		members["token_endpoint_auth_method"] = "none"
	}
	app := x.node.AddApp(x, members)
	app.Scope = "openid"
	return app
}

// authorize asks for a code; "-" leaves a parameter out. A cookie may be among the pairs, as "Cookie".
func (x *trial) authorize(app e2e.App, pairs ...string) (answer, e2e.Asked) {
	x.Helper()
	asked := x.node.Ask(app)
	u, _ := url.Parse(asked.URL)
	query := u.Query()
	var headers []string
	for i := 0; i < len(pairs); i += 2 {
		switch name, value := pairs[i], pairs[i+1]; {
		case name == "Cookie":
			headers = []string{name, value}
		case value == "-":
			query.Del(name)
		default:
			query.Set(name, value)
		}
	}
	if asked.State = query.Get("state"); asked.State == "" {
		query.Del("state")
	}
	return x.get("/authorize?"+query.Encode(), headers...), asked
}

// pagesFor wants a page for each of these redirect URIs, with nothing of them in it.
func (x *trial) pagesFor(app e2e.App, uris ...string) {
	x.Helper()
	for _, uri := range uris {
		a, _ := x.authorize(app, "redirect_uri", uri)
		x.page(a, 400)
		if mentions(a, "evil") {
			x.Errorf("the page repeats %s", uri)
		}
	}
}

// sentBack wants a client to hear of an error for a parameter's value.
func (x *trial) sentBack(app e2e.App, code string, pairs ...string) {
	x.Helper()
	a, asked := x.authorize(app, pairs...)
	x.redirected(a, app.RedirectURI, asked.State, code)
}

// asksToLogin wants to be led to the login page.
func (x *trial) asksToLogin(a answer) {
	x.Helper()
	if to := a.Header.Get("Location"); a.Status != 303 && a.Status != 302 || !strings.HasPrefix(to, "/login?interaction=") {
		x.Errorf("answered %d to %q, want the login page", a.Status, to)
	}
}

// session signs in and returns the cookies, as a header.
func (x *trial) session(username, password string) string {
	x.Helper()
	b := e2e.NewBrowser(username, password)
	if _, err := b.Code(x.node, x.spa, x.node.Ask(x.spa)); err != nil {
		x.Fatal(err)
	}
	var pairs []string
	for _, c := range b.Cookies(x.node) {
		pairs = append(pairs, fmt.Sprintf("%s=%s", c.Name, c.Value))
	}
	return strings.Join(pairs, "; ")
}
