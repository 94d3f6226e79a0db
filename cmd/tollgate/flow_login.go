package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// maxPages is more than login, consent and the redirects between them.
const maxPages = 6

// signIn plays the browser at Tollgate's own pages: it fills the login form, allows on the consent
// form, and returns the parameters of the redirect to the client.
func signIn(ctx context.Context, start string, redirect *url.URL, user, password string) (url.Values, error) {
	browser, err := newBrowser(redirect)
	if err != nil {
		return nil, err
	}
	return browse(ctx, browser, start, user, password)
}

// newBrowser keeps cookies, and stops where the client at the redirect URI would go on.
func newBrowser(redirect *url.URL) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	return &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == redirect.Host && r.URL.Path == redirect.Path {
			return http.ErrUseLastResponse // the answer itself: nobody listens there
		}
		return nil
	}}, err
}

// browse is signIn in a browser that may be signed in already.
func browse(ctx context.Context, browser *http.Client, start, user, password string) (url.Values, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, start, nil)
	if err != nil {
		return nil, err
	}
	passwordSent := false
	for range maxPages {
		page, location, err := turn(browser, request)
		switch {
		case err != nil:
			return nil, err
		case location != nil:
			return location.Query(), nil
		case page.form == nil:
			return nil, fmt.Errorf("the issuer refused: %s", page.words())
		}
		fields := page.form.fields
		switch {
		case !page.form.has["password"]:
			fields.Set("decision", "allow")
		case passwordSent:
			return nil, fmt.Errorf("the issuer says: %s", page.words())
		default:
			fields.Set("username", user)
			fields.Set("password", password)
			passwordSent = true
		}
		if request, err = page.form.submit(ctx); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("the issuer shows one page after the other; sign in with a browser")
}

// turn loads a page, or returns where the issuer sends the browser at last.
func turn(browser *http.Client, request *http.Request) (*page, *url.URL, error) {
	response, err := browser.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if location, err := response.Location(); err == nil {
		return nil, location, nil
	}
	root, err := html.Parse(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, nil, err
	}
	p := &page{at: response.Request.URL, status: response.StatusCode}
	p.read(root)
	return p, nil, nil
}

// page is what this command understands of an HTML page: its first form, and what it tells a person.
type page struct {
	at     *url.URL
	status int
	form   *form

	alert   string // what was wrong with the form
	heading string
	lead    string
	detail  string // for developers
}

type form struct {
	action string
	at     *url.URL
	fields url.Values      // of hidden inputs
	has    map[string]bool // names of all inputs
}

func (p *page) read(n *html.Node) {
	if n.Type == html.ElementNode {
		switch {
		case attribute(n, "role") == "alert":
			p.alert = textOf(n)
		case n.Data == "h1":
			p.heading = textOf(n)
		case attribute(n, "class") == "lead":
			p.lead = textOf(n)
		case n.Data == "dd" && p.detail == "":
			p.detail = textOf(n)
		case n.Data == "form" && p.form == nil:
			p.form = &form{action: attribute(n, "action"), at: p.at, fields: url.Values{}, has: map[string]bool{}}
		case n.Data == "input" && p.form != nil && attribute(n, "name") != "":
			name := attribute(n, "name")
			p.form.has[name] = true
			if attribute(n, "type") == "hidden" {
				p.form.fields.Set(name, attribute(n, "value"))
			}
		}
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		p.read(child)
	}
}

// words is what the page tells a person, in one line that a terminal can show.
func (p *page) words() string {
	const longest = 400
	words := strings.TrimSuffix(p.alert, ".")
	switch {
	case words != "":
	case p.heading == "":
		return fmt.Sprintf("its page has status %d and no message that this command understands", p.status)
	default:
		words = strings.TrimSuffix(p.heading+": "+p.lead, ": ")
		if p.detail != "" {
			words += " (" + p.detail + ")"
		}
	}
	if len(words) > longest {
		words = strings.ToValidUTF8(words[:longest], "") + "…"
	}
	return printable(words)
}

// textOf is the text below a node, in one line.
func textOf(n *html.Node) string {
	var text strings.Builder
	for child := range n.Descendants() {
		if child.Type == html.TextNode {
			text.WriteString(child.Data)
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (f *form) submit(ctx context.Context) (*http.Request, error) {
	target, err := f.at.Parse(f.action)
	if err != nil {
		return nil, err
	}
	if target.Host != f.at.Host {
		return nil, fmt.Errorf("the page sends its form to %s; the password stays here", target.Host)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(f.fields.Encode()))
	if err == nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return request, err
}
