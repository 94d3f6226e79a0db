package server

import (
	"encoding/base64"
	"time"

	"github.com/valyala/fasthttp"

	"tollgate/flows"
	"tollgate/flows/oauth"
)

// cookieSize is of every cookie value that we make, in bytes before base64url.
const cookieSize = 32

// visit is what a browser holds of ours.
type visit struct {
	browser string // names the browser; never ""
	session string // its login, "" for none
}

// sessionCookie and browserCookie return the cookies' names. The prefix makes browsers refuse
// them from anybody but this very host over https (RFC 6265bis 4.1.3.2).
func (s site) sessionCookie() string { return s.cookiePrefix() + "tollgate_session" }
func (s site) browserCookie() string { return s.cookiePrefix() + "tollgate_browser" }

func (s site) cookiePrefix() string {
	if s.secure {
		return "__Host-"
	}
	return ""
}

// visit reads both cookies, and gives a browser that has no name yet one.
func (r *request) visit() (visit, error) {
	session, err := r.cookie(r.s.site.sessionCookie())
	if err != nil {
		return visit{}, err
	}
	browser, err := r.cookie(r.s.site.browserCookie())
	if err != nil {
		return visit{}, err
	}
	if browser == "" {
		browser = r.s.flows.NewBrowser()
		r.setCookie(r.s.site.browserCookie(), browser, 0)
	}
	return visit{browser: browser, session: session}, nil
}

// cookie returns the value of one of our cookies, "" where it is absent or not of our making.
// Two of one name mean that somebody planted one; nobody can tell which, so neither counts.
func (r *request) cookie(name string) (string, error) {
	value, seen := "", false
	for k, v := range r.http.Request.Header.Cookies() {
		if string(k) != name {
			continue
		}
		if seen {
			return "", oauth.InvalidRequest("a cookie was sent twice")
		}
		value, seen = string(v), true
	}
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(value); err != nil || len(raw) != cookieSize {
		return "", nil
	}
	return value, nil
}

// setCookie gives the browser a cookie for maxAge; zero is until it closes, less forgets it.
func (r *request) setCookie(name, value string, maxAge time.Duration) {
	c := fasthttp.AcquireCookie()
	defer fasthttp.ReleaseCookie(c)
	c.SetKey(name)
	c.SetValue(value)
	c.SetPath("/")
	c.SetHTTPOnly(true)
	c.SetSecure(r.s.site.secure)
	c.SetSameSite(fasthttp.CookieSameSiteLaxMode)
	switch {
	case maxAge > 0:
		c.SetMaxAge(int(maxAge / time.Second))
	case maxAge < 0:
		c.SetExpire(fasthttp.CookieExpireDelete)
	}
	r.http.Response.Header.SetCookie(c)
}

// signIn gives the browser a new session.
func (r *request) signIn(session *flows.NewSession) {
	r.setCookie(r.s.site.sessionCookie(), session.Cookie, session.Expires.Sub(r.s.now()))
}

// forgetSession takes the session from the browser.
func (r *request) forgetSession() { r.setCookie(r.s.site.sessionCookie(), "", -1) }
