//go:build attacks

package attacks

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// visitor is a browser that does what its user would not: it keeps cookies and follows nothing by
// itself, so that a row sees every answer.
type visitor struct {
	x      *trial
	client *http.Client
}

func (x *trial) visitor() *visitor {
	jar, _ := cookiejar.New(nil)
	return &visitor{x, &http.Client{
		Jar: jar, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// get opens a path, or an address of the node.
func (v *visitor) get(path string, headers ...string) answer {
	v.x.Helper()
	return v.do(v.x.request("GET", strings.TrimPrefix(path, v.x.node.URL), "", headers...))
}

// send submits a form; headers are further ones.
func (v *visitor) send(f *e2e.Form, headers ...string) answer {
	v.x.Helper()
	r := f.Request()
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return v.do(r)
}

func (v *visitor) do(r *http.Request) answer {
	v.x.Helper()
	a := v.exchange(r)
	a.path = r.URL.Path
	if a.Err != nil {
		v.x.Fatal(a.Err)
	}
	return v.x.see(a)
}

// exchange is do that may run beside others, and looks at nothing.
func (v *visitor) exchange(r *http.Request) answer {
	return answer{Answer: e2e.DoWith(v.client, r)}
}

// form reads the form of a page.
func (v *visitor) form(a answer) *e2e.Form {
	v.x.Helper()
	at, _ := url.Parse(v.x.node.URL)
	f, err := e2e.ReadForm(at, a.Body)
	if err != nil {
		v.x.Fatalf("%d: %v", a.Status, err)
	}
	return f
}

// next opens where an answer sends the browser, which must be a page of ours.
func (v *visitor) next(a answer) answer {
	v.x.Helper()
	to := a.Header.Get("Location")
	if !strings.HasPrefix(to, "/") && !strings.HasPrefix(to, v.x.node.URL) {
		v.x.Fatalf("answered %d to %q, want a page of ours: %.200s", a.Status, to, a.Body)
	}
	return v.get(to)
}

// toLogin asks for a code and returns the form to sign in with.
func (v *visitor) toLogin(app e2e.App, pairs ...string) *e2e.Form {
	v.x.Helper()
	return v.form(v.next(v.get(v.x.node.Ask(app, pairs...).URL)))
}

// fillIn signs in with a form of toLogin's.
func (v *visitor) fillIn(f *e2e.Form, username, password string) answer {
	v.x.Helper()
	f.Fields.Set("username", username)
	f.Fields.Set("password", password)
	return v.send(f)
}

// toConsent asks for a code, signs in, and returns the form that asks for consent. A client without
// a secret asks every time.
func (v *visitor) toConsent(pairs ...string) *e2e.Form {
	v.x.Helper()
	f := v.form(v.next(v.fillIn(v.toLogin(v.x.spa, pairs...), e2e.DemoUser, e2e.DemoPassword)))
	f.Fields.Set("decision", "allow")
	return f
}

// signIn signs in without any client's asking.
func (v *visitor) signIn(username, password string) *visitor {
	v.x.Helper()
	if a := v.fillIn(v.form(v.get("/login")), username, password); a.Status != 303 {
		v.x.Fatalf("signing in is answered %d: %.300s", a.Status, a.Body)
	}
	if !v.signedIn() {
		v.x.Fatal("nobody is signed in after the login")
	}
	return v
}

// signedIn reports whether the login page knows who is there.
func (v *visitor) signedIn() bool {
	v.x.Helper()
	return strings.Contains(string(v.get("/login").Body), "You are signed in")
}

// cookie returns the value of a cookie; "" of none.
func (v *visitor) cookie(name string) string {
	at, _ := url.Parse(v.x.node.URL)
	for _, c := range v.client.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// The names of our cookies where the issuer is plain HTTP.
const sessionCookie, browserCookie = "tollgate_session", "tollgate_browser"

// twin is a browser with the same cookies.
func (v *visitor) twin() *visitor {
	other := v.x.visitor()
	at, _ := url.Parse(v.x.node.URL)
	other.client.Jar.SetCookies(at, v.client.Jar.Cookies(at))
	return other
}

// tokens goes through a client's authorization, does what the pages ask, and trades the code.
func (v *visitor) tokens(app e2e.App, username, password string, pairs ...string) e2e.Tokens {
	v.x.Helper()
	asked := v.x.node.Ask(app, pairs...)
	a := v.get(asked.URL)
	for range 10 {
		to := a.Header.Get("Location")
		back, _ := url.Parse(to)
		switch {
		case strings.HasPrefix(to, app.RedirectURI):
			return v.x.node.Exchange(app, back.Query().Get("code"), asked.Verifier).Want(v.x.T, 200)
		case to != "":
			a = v.next(a)
		default:
			f := v.form(a)
			if f.Fields.Has("password") {
				a = v.fillIn(f, username, password)
				continue
			}
			f.Fields.Set("decision", "allow")
			a = v.send(f)
		}
	}
	v.x.Fatal("the pages go in circles")
	return e2e.Tokens{}
}
