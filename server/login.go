package server

import (
	"errors"

	"tollgate/flows"
	"tollgate/flows/oauth"
)

// What a login form may hold, in bytes. argon2id would take any password, but nobody types more.
const (
	maxUsername = 256
	maxPassword = 1024
)

// errWrongPassword is for the record alone: the person gets the form again.
var errWrongPassword = oauth.NewError(oauth.CodeAccessDenied, "wrong username or password")

// showLogin asks who is there (OIDC Core 3.1.2.3). A browser that comes back to an interaction
// which no longer waits for a login is sent to where it stands, unless it says switch: then
// somebody else wants to sign in.
func showLogin(r *request) error {
	f, err := r.queryForm()
	if err != nil {
		return err
	}
	interaction, switching := f.get("interaction"), f.has("switch")
	v, err := r.visit()
	if err != nil {
		return err
	}
	if interaction == "" && !switching {
		if username, err := r.s.flows.SignedIn(r.ctx, v.session); err != nil || username != "" {
			return r.signedInPage(username, err)
		}
	}
	if interaction != "" && !switching {
		step, err := r.s.flows.Resume(r.ctx, interaction, v.browser, v.session)
		if err != nil {
			return err
		}
		if step.Next != flows.NextLogin {
			return r.follow(step)
		}
	}
	return r.loginPage(200, v, interaction, nil, "")
}

// postLogin checks a username and a password.
func postLogin(r *request) error {
	f, err := r.bodyForm()
	if err != nil {
		return err
	}
	v, err := r.visit()
	if err != nil {
		return err
	}
	// The token is of the browser, not of a session: a second click, or another tab, may find a
	// session where there was none.
	if err := r.checkForm(f, visit{browser: v.browser}, "login", "interaction", "username", "password"); err != nil {
		return err
	}
	interaction, username, password := f.get("interaction"), f.get("username"), f.get("password")
	switch {
	case username == "" || password == "":
		return r.loginPage(400, v, interaction, &username, "Enter your username and your password.")
	case len(password) > maxPassword:
		return r.loginPage(400, v, interaction, &username, "That password is too long to be yours. Passwords have at most 1,024 characters.")
	case len(username) > maxUsername:
		r.s.flows.LoginRefused(r.ctx)
		return r.refuseLogin(v, interaction, "")
	}
	if err := r.limitLogin(username); err != nil {
		return r.slowDown(v, interaction, username, oauth.AsError(err))
	}
	step, session, err := r.s.flows.Login(r.ctx, &flows.LoginRequest{
		Interaction: interaction,
		Browser:     v.browser,
		Session:     v.session,
		Username:    username,
		Password:    password,
	})
	if errors.Is(err, flows.ErrWrongPassword) {
		return r.refuseLogin(v, interaction, username)
	}
	if session != nil { // nil where a second click finds the sign-in finished
		r.signIn(session)
	}
	if err != nil {
		return err
	}
	return r.follow(step)
}

// refuseLogin shows the form again. 401 tells password managers not to keep what was typed; no
// WWW-Authenticate, because a browser would answer it with a dialog of its own.
func (r *request) refuseLogin(v visit, interaction, username string) error {
	r.record.err = errWrongPassword
	return r.loginPage(401, v, interaction, &username, "Wrong username or password.")
}

// slowDown shows the form again and says when to come back.
func (r *request) slowDown(v visit, interaction, username string, e *oauth.Error) error {
	r.record.err = e
	r.retryAfter(e)
	return r.loginPage(e.Status(), v, interaction, &username,
		"Too many attempts. Wait "+inWords(e.RetryAfter)+", then try again.")
}

// loginPage shows the form. username is what was typed, or nil for what the client hints at.
func (r *request) loginPage(status int, v visit, interaction string, username *string, message string) error {
	view := loginView{
		frame:       r.frame("Sign in"),
		Message:     message,
		Wrong:       status == 400 || status == 401,
		Action:      r.at("/login", ""),
		CSRF:        csrfToken(visit{browser: v.browser}, "login", interaction),
		Interaction: interaction,
	}
	target := formHere
	if interaction != "" {
		asked, err := r.s.flows.LoginPage(r.ctx, interaction, v.browser)
		if err != nil {
			return err
		}
		view.ClientName, view.Username = asked.ClientName, asked.LoginHint
		target = formTo(asked.RedirectScheme)
	}
	if username != nil {
		view.Username = *username
	}
	if len(view.Username) > maxUsername {
		view.Username = "" // a hint that nobody could type
	}
	return r.page(status, "login.html", target, view)
}

// signedInPage is for a person whom no application sent. It takes what SignedIn returned.
func (r *request) signedInPage(username string, err error) error {
	if err != nil {
		return err
	}
	view := noticeView{
		frame: r.frame("You are signed in"), Name: username, Text: "You can close this page, or go back to the application you came from.",
		LinkURL: r.at("/logout", ""), LinkText: "Sign out", Quiet: true,
	}
	view.Open = true
	return r.page(200, "notice.html", formNowhere, view)
}
