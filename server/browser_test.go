package server

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// browser keeps cookies and does nothing else by itself.
type browser struct {
	h       *house
	cookies map[string]string
	send    http.Header // sent with every request
	host    string      // Host, "" is the issuer's
}

// clone is the same browser, seen by somebody who copied its cookies.
func (b *browser) clone() *browser {
	return &browser{h: b.h, cookies: maps.Clone(b.cookies), send: b.send.Clone()}
}

// fresh is the same browser without its cookies.
func (b *browser) fresh() *browser {
	b.cookies = map[string]string{}
	return b
}

// shown is an answer, read to its end.
type shown struct {
	status int
	header http.Header
	body   string // of a page, what comes after its style
	raw    string
}

func (b *browser) get(target string) *shown { return b.do("GET", target, "") }

func (b *browser) post(target string, form url.Values) *shown {
	return b.do("POST", target, form.Encode())
}

func (b *browser) do(method, target, body string) *shown {
	b.h.t.Helper()
	conn, err := b.h.listen.Dial()
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer conn.Close()
	return b.exchange(conn, method, target, body)
}

// doHost asks for a page under another name.
func (b *browser) doHost(host, target string) *shown {
	b.host = host
	defer func() { b.host = "" }()
	return b.get(target)
}

func (b *browser) exchange(conn net.Conn, method, target, body string) *shown {
	b.h.t.Helper()
	req, err := http.NewRequest(method, b.h.server.site.origin, strings.NewReader(body))
	if err != nil {
		b.h.t.Fatal(err)
	}
	req.URL.Opaque, req.Host, req.Close = target, cmp.Or(b.host, req.Host), true
	if body != "" || method == "POST" {
		req.Header.Set("Content-Type", formType)
	}
	for _, name := range slices.Sorted(maps.Keys(b.cookies)) {
		req.AddCookie(&http.Cookie{Name: name, Value: b.cookies[name]})
	}
	maps.Copy(req.Header, b.send)
	if err := req.Write(conn); err != nil {
		b.h.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		b.h.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Before(time.Now()) {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	_, unstyled, found := strings.Cut(string(text), "</style>")
	if !found {
		unstyled = string(text)
	}
	return &shown{status: res.StatusCode, header: res.Header, body: unstyled, raw: string(text)}
}

func (p *shown) location() string { return p.header.Get("Location") }

// sentTo returns the parameters the client got, and fails where the browser was not sent there.
func (p *shown) sentTo(t *testing.T, redirect string) url.Values {
	t.Helper()
	base, query, _ := strings.Cut(p.location(), "?")
	if p.status != 303 || base != redirect {
		t.Fatalf("got %d to %q, want 303 to %s\n%s", p.status, p.location(), redirect, p.body)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// wantPage fails where an answer is not a page of that status that sends nobody anywhere.
func (p *shown) wantPage(t *testing.T, status int) {
	t.Helper()
	if p.status != status || p.location() != "" || !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") {
		t.Fatalf("got %d %q to %q, want a page with %d\n%s", p.status, p.header.Get("Content-Type"), p.location(), status, p.body)
	}
	if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Fatalf("the page may be framed: %q", csp)
	}
}

// wantText fails where the page does not say something.
func (p *shown) wantText(t *testing.T, text string) {
	t.Helper()
	if !strings.Contains(p.body, text) {
		t.Fatalf("the page does not say %q:\n%s", text, p.body)
	}
}

var hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// form returns the hidden fields of the page's form, and more, as a browser would send them.
func (p *shown) form(more ...string) url.Values {
	v := url.Values{}
	for _, m := range hiddenInput.FindAllStringSubmatch(p.body, -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

const (
	webCallback  = "http://127.0.0.1:8085/callback"
	spaCallback  = "http://127.0.0.1:51004/callback"
	testVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
)

func testChallenge() string {
	sum := sha256.Sum256([]byte(testVerifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// asks returns a good request of demo-web, changed by pairs; a value "-" takes a parameter out.
func asks(change ...string) url.Values {
	v := url.Values{
		"response_type": {"code"}, "client_id": {"demo-web"}, "redirect_uri": {webCallback},
		"scope": {"openid profile orders:read"}, "state": {"state-1"}, "nonce": {"nonce-1"},
		"code_challenge": {testChallenge()}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(change); i += 2 {
		if v.Set(change[i], change[i+1]); change[i+1] == "-" {
			v.Del(change[i])
		}
	}
	return v
}

func authorizeURL(change ...string) string { return "/authorize?" + asks(change...).Encode() }

// toLogin begins an authorization and returns the login page.
func (b *browser) toLogin(change ...string) *shown {
	b.h.t.Helper()
	p := b.get(authorizeURL(change...))
	if p.status != 303 || !strings.HasPrefix(p.location(), "/login?interaction=") {
		b.h.t.Fatalf("got %d to %q, want the login page\n%s", p.status, p.location(), p.body)
	}
	login := b.get(p.location())
	login.wantPage(b.h.t, 200)
	return login
}

// toConsent signs alice in and returns the consent page.
func (b *browser) toConsent(change ...string) *shown {
	b.h.t.Helper()
	p := b.post("/login", b.toLogin(change...).form("username", "alice", "password", "alice-password"))
	if p.status != 303 || !strings.HasPrefix(p.location(), "/consent?interaction=") {
		b.h.t.Fatalf("got %d to %q, want the consent page\n%s", p.status, p.location(), p.body)
	}
	consent := b.get(p.location())
	consent.wantPage(b.h.t, 200)
	return consent
}
