package server

import (
	"errors"
	"net/url"

	"tollgate/flows"
	"tollgate/flows/oauth"
)

// maxRepeat bounds an address that we make of a posted request: past it browsers and proxies
// start to cut.
const maxRepeat = 8 << 10

// serveAuthorize begins an authorization (RFC 6749 4.1.1, OIDC Core 3.1.2.1), by GET or by POST.
// Whatever is wrong before flows trust the redirect URI is shown to the person and sent nowhere.
func serveAuthorize(r *request) error {
	f, err := r.anyForm()
	if err != nil {
		return err
	}
	if r.http.IsPost() && r.crossSite() {
		return r.repeatAsGet("/authorize", f)
	}
	v, err := r.visit()
	if err != nil {
		return err
	}
	step, err := r.s.flows.Authorize(r.ctx, &flows.AuthorizeRequest{
		ResponseType:    f.get("response_type"),
		ResponseMode:    f.get("response_mode"),
		ClientID:        f.get("client_id"),
		RedirectURI:     f.get("redirect_uri"),
		Scope:           f.get("scope"),
		State:           f.get("state"),
		Nonce:           f.get("nonce"),
		Challenge:       f.get("code_challenge"),
		ChallengeMethod: f.get("code_challenge_method"),
		Prompt:          f.get("prompt"),
		MaxAge:          f.get("max_age"),
		LoginHint:       f.get("login_hint"),
		IDTokenHint:     f.get("id_token_hint"),
		Request:         f.get("request"),
		RequestURI:      f.get("request_uri"),
		Resource:        f.get("resource"),
		Session:         v.session,
		Browser:         v.browser,
	})
	if err == nil || errors.Is(err, flows.ErrWrongRedirect) { // a client that there is: any other text may be a secret in the wrong place
		r.record.setClient(f.get("client_id"))
	}
	if err != nil {
		return err
	}
	return r.follow(step)
}

// follow sends the browser where a turn ended.
func (r *request) follow(step *flows.Step) error {
	r.record.err = step.Refused
	switch step.Next {
	case flows.NextLogin:
		return r.goTo(r.at("/login", step.Interaction))
	case flows.NextConsent:
		return r.goTo(r.at("/consent", step.Interaction))
	case flows.NextSignedIn:
		return r.goTo(r.at("/login", ""))
	}
	return r.goTo(step.URL)
}

// anyForm parses the query of a GET and the body of a POST, never both.
func (r *request) anyForm() (*form, error) {
	if r.http.IsPost() {
		return r.bodyForm()
	}
	return r.queryForm()
}

// repeatAsGet asks a browser that was posted here by another site to come again by GET: only
// then does it send cookies (SameSite=Lax, RFC 6265bis 5.6.7.1). Without it a person who is
// signed in would look like a stranger, and get new cookies over the ones they have.
func (r *request) repeatAsGet(endpoint string, f *form) error {
	query := url.Values{}
	for _, p := range f.params {
		query.Set(p.name, p.value)
	}
	address := r.at(endpoint, "") + "?" + query.Encode()
	if len(address) > maxRepeat {
		return oauth.NewError(oauth.CodeTooLarge, "the request is too long")
	}
	return r.goTo(address)
}
