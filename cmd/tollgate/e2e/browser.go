package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// Asked is an authorization request, and what its answer is checked with.
type Asked struct {
	URL      string // where the browser goes
	State    string
	Nonce    string
	Verifier string
}

// Ask makes an authorization request for the app; pairs are further parameters, or other values of
// those it has.
func (n *Node) Ask(app App, pairs ...string) Asked {
	a := Asked{State: Random(), Nonce: Random(), Verifier: Random()}
	challenge := sha256.Sum256([]byte(a.Verifier))
	query := values([]string{
		"response_type", "code",
		"client_id", app.ID,
		"redirect_uri", app.RedirectURI,
		"scope", app.Scope,
		"state", a.State,
		"nonce", a.Nonce,
		"code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]),
		"code_challenge_method", "S256",
	})
	for name, value := range values(pairs) {
		query[name] = value
	}
	a.URL = n.URL + "/authorize?" + query.Encode()
	return a
}

// Random returns 43 characters that nobody guesses: good as a state, nonce or verifier.
func Random() string {
	var raw [32]byte
	rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// Browser keeps cookies and fills in forms, as a person with these credentials would.
type Browser struct {
	Username string
	Password string
	Deny     bool // what it answers when asked for consent
	Forms    int  // how many it has filled in
	SignedIn bool // for who uses it to remember

	client *http.Client
}

// NewBrowser returns a browser without cookies.
func NewBrowser(username, password string) *Browser {
	jar, _ := cookiejar.New(nil)
	c := *client
	c.Jar = jar
	return &Browser{Username: username, Password: password, client: &c}
}

// Cookies returns what the browser would send to the node.
func (b *Browser) Cookies(n *Node) []*http.Cookie {
	u, _ := url.Parse(n.URL)
	return b.client.Jar.Cookies(u)
}

// Visit opens an address and does what the pages ask, until it is sent to another host: that
// address is returned, unopened. A page that asks for nothing is an error.
func (b *Browser) Visit(address string) (*url.URL, error) {
	r := request("GET", address, nil)
	for range 20 {
		page, next, err := b.open(r)
		switch {
		case err != nil:
			return nil, err
		case next != nil && next.Host != r.URL.Host:
			return next, nil
		case next != nil:
			r = request("GET", next.String(), nil)
		default:
			if r, err = b.fill(r.URL, page); err != nil {
				return nil, err
			}
		}
	}
	return nil, errors.New("the pages go in circles")
}

// Consent opens an address, signs in where that is asked, and returns the consent form unanswered.
func (b *Browser) Consent(address string) (*Form, error) {
	r := request("GET", address, nil)
	for range 20 {
		page, next, err := b.open(r)
		if err != nil {
			return nil, err
		}
		if next != nil {
			r = request("GET", next.String(), nil)
			continue
		}
		form, err := ReadForm(r.URL, page)
		if err != nil || !form.Fields.Has("password") {
			return form, err
		}
		if r, err = b.fill(r.URL, page); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("the pages go in circles")
}

// open returns the page, or where it sends us.
func (b *Browser) open(r *http.Request) (page []byte, next *url.URL, err error) {
	resp, err := b.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	if page, err = io.ReadAll(resp.Body); err != nil {
		return nil, nil, err
	}
	if location := resp.Header.Get("Location"); location != "" {
		next, err = r.URL.Parse(location)
		return nil, next, err
	}
	if resp.StatusCode != 200 {
		return nil, nil, &PageError{resp.StatusCode, text(page)}
	}
	return page, nil, nil
}

// PageError is a page that leads nowhere.
type PageError struct {
	Status int
	Text   string
}

func (e *PageError) Error() string { return fmt.Sprintf("page %d: %s", e.Status, e.Text) }

// fill does with the page's form what a person would.
func (b *Browser) fill(at *url.URL, page []byte) (*http.Request, error) {
	form, err := ReadForm(at, page)
	if err != nil {
		return nil, err
	}
	b.Forms++
	switch {
	case form.Fields.Has("password"):
		form.Fields.Set("username", b.Username)
		form.Fields.Set("password", b.Password)
	case b.Deny:
		form.Fields.Set("decision", "deny")
	default:
		form.Fields.Set("decision", "allow")
	}
	return form.Request(), nil
}

// Code goes through /authorize and returns the code, or why there is none. The answer's state and
// iss are checked.
func (b *Browser) Code(n *Node, app App, a Asked) (string, error) {
	back, err := b.Visit(a.URL)
	if err != nil {
		return "", err
	}
	query := back.Query()
	switch {
	case !strings.HasPrefix(back.String(), app.RedirectURI+"?"):
		return "", fmt.Errorf("sent to %s, not to the redirect URI", back.Redacted())
	case query.Get("state") != a.State:
		return "", errors.New("another state came back")
	case query.Get("iss") != n.Issuer:
		return "", fmt.Errorf("iss is %q, want %q", query.Get("iss"), n.Issuer)
	case query.Get("code") == "":
		return "", fmt.Errorf("%s: %s", query.Get("error"), query.Get("error_description"))
	}
	return query.Get("code"), nil
}

// Login goes through /authorize and /token, and returns the tokens.
func (b *Browser) Login(tb testing.TB, n *Node, app App, pairs ...string) Tokens {
	tb.Helper()
	asked := n.Ask(app, pairs...)
	code, err := b.Code(n, app, asked)
	if err != nil {
		tb.Fatal("authorize: ", err)
	}
	return n.Exchange(app, code, asked.Verifier).Want(tb, 200)
}

// Logout ends the session as a client does that proves it with an id_token, and checks that the
// browser comes back to the client.
func (b *Browser) Logout(n *Node, idToken string) error {
	query := values([]string{"id_token_hint", idToken, "post_logout_redirect_uri", SignedOutURI, "state", Random()})
	back, err := b.Visit(n.URL + "/logout?" + query.Encode())
	if err != nil {
		return err
	}
	if want := SignedOutURI + "?state=" + query.Get("state"); back.String() != want {
		return fmt.Errorf("sent to %s, want %s", back, want)
	}
	return nil
}

// SignedOutURI is where the web apps of `tollgate dev` and Seed have browsers sent after a logout.
const SignedOutURI = "http://127.0.0.1:8085/"
