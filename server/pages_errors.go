package server

import (
	"fmt"
	"time"

	"tollgate/flows/oauth"
)

// failPage answers an error with a page that says what happened and offers a way on.
func failPage(r *request, e *oauth.Error) {
	view := r.explain(e)
	view.Host = r.s.site.host
	view.Reference = string(r.id())
	if err := r.page(e.Status(), "notice.html", formNowhere, view); err != nil {
		failJSON(r, oauth.Internal(err))
	}
}

// explain puts an error into a person's words. Only what a client did wrong is told in the RFC's
// words too, for whoever builds it.
func (r *request) explain(e *oauth.Error) noticeView {
	switch e.Status() {
	case 403:
		// A form that is too old can be shown again; a page of another browser's cannot.
		return r.wayOn(r.http.IsPost(), "This page is no longer current",
			"It was opened in another browser, or something changed since. Nothing was done.")
	case 404:
		return r.wayOn(false, "This sign-in is over",
			"It has expired or is already finished. Go back to the application and start again.")
	case 429:
		return noticeView{frame: frame{Title: "Too many requests"},
			Text: "Wait " + inWords(e.RetryAfter) + ", then try again."}
	case 500:
		return noticeView{frame: frame{Title: "Something went wrong"},
			Text: "The fault is ours, and it was noted. Go back to the application and try again."}
	case 503:
		return r.wayOn(true, "Back in a moment",
			"We cannot answer right now. Nothing was lost: try again in a few seconds.")
	}
	view := noticeView{frame: frame{Title: "This request cannot go on"}, Code: string(e.Code), Description: e.Description}
	view.Text = "The application that sent you here asked for something that is not right. Nothing was shared with it."
	if r.route.path == "/login" || r.route.path == "/consent" {
		view.Text = "What your browser sent could not be understood. Go back and try again."
	}
	return view
}

// wayOn is a notice with a link: to where the sign-in stands if it can go on, else to the login
// page. A request that came from an application has none: the way on starts there.
func (r *request) wayOn(retry bool, title, text string) noticeView {
	view := noticeView{frame: frame{Title: title}, Text: text, LinkText: "Try again"}
	switch interaction := r.params.get("interaction"); {
	case r.route.path == "/authorize":
	case r.route.path == "/logout":
		view.LinkURL = r.at("/logout", "")
	case retry && interaction != "":
		view.LinkURL = r.at("/login", interaction)
	default:
		view.LinkURL, view.LinkText = r.at("/login", ""), "Sign in"
	}
	return view
}

// inWords is a wait as people say it, never less than a second.
func inWords(d time.Duration) string {
	n, unit := int((d+time.Second-1)/time.Second), "second"
	if n > 90 {
		n, unit = (n+59)/60, "minute"
	}
	if n = max(n, 1); n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
