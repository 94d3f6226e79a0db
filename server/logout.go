package server

import (
	"strings"

	"tollgate/flows"
)

// logoutParams are what a client may send (OIDC RP-Initiated Logout 2), less what does not matter.
var logoutParams = []string{"id_token_hint", "client_id", "post_logout_redirect_uri", "state"}

// serveLogout ends the login, by GET or POST, and asks first where the request does not prove
// that it means this person. A body with our token is our own page's: the person agreed.
func serveLogout(r *request) error {
	f, err := r.anyForm()
	if err != nil {
		return err
	}
	confirmed := r.http.IsPost() && f.has("csrf")
	if r.http.IsPost() && !confirmed && r.crossSite() {
		return r.repeatAsGet("/logout", f)
	}
	v, err := r.visit()
	if err != nil {
		return err
	}
	if confirmed {
		if err := r.checkForm(f, v, "logout", logoutParams...); err != nil {
			return err
		}
	}
	step, err := r.s.flows.Logout(r.ctx, &flows.LogoutRequest{
		IDTokenHint:           f.get("id_token_hint"),
		ClientID:              f.get("client_id"),
		PostLogoutRedirectURI: f.get("post_logout_redirect_uri"),
		State:                 f.get("state"),
		Session:               v.session,
		Confirmed:             confirmed,
	})
	switch {
	case err != nil:
		return err
	case step.Confirm:
		return r.logoutPage(v, f, step)
	}
	if step.SignedOut || v.session != "" {
		r.forgetSession()
	}
	if step.URL != "" {
		return r.goTo(step.URL)
	}
	return r.signedOutPage()
}

// logoutPage asks. It repeats the client's parameters, which are judged anew with the answer.
func (r *request) logoutPage(v visit, f *form, step *flows.LogoutStep) error {
	view := logoutView{
		frame:      r.frame("Sign out"),
		ClientName: step.ClientName,
		Username:   step.Username,
		StayURL:    r.at("/login", ""),
		Action:     r.at("/logout", ""),
		CSRF:       csrfToken(v, "logout", ""),
	}
	for _, name := range logoutParams {
		if value := f.get(name); value != "" {
			view.Fields = append(view.Fields, hiddenField{name, value})
		}
	}
	scheme, _, _ := strings.Cut(f.get("post_logout_redirect_uri"), ":")
	return r.page(200, "logout.html", formTo(scheme), view)
}

func (r *request) signedOutPage() error {
	return r.page(200, "notice.html", formNowhere, noticeView{
		frame: r.frame("You are signed out"), Text: "Applications you used may keep you signed in until you leave them too.",
		LinkURL: r.at("/login", ""), LinkText: "Sign in again", Quiet: true,
	})
}
