package server

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
	"strings"
)

// The pages are served whole: style and icon travel inside, so that nothing but the paths of the
// specifications has to be routed here, and no page ever appears without its style.
var (
	//go:embed templates/*.html
	templateFiles embed.FS
	//go:embed assets/page.css
	stylesheet string
	//go:embed assets/mark.svg
	mark []byte

	templates = template.Must(template.ParseFS(templateFiles, "templates/*.html"))

	// styleSource allows exactly our stylesheet (CSP 3, 8.3).
	styleSource = "'sha256-" + base64Sum(stylesheet) + "'"
	icon        = template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(mark))
)

func base64Sum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// site is what pages and cookies know of the issuer.
type site struct {
	host   string // as people read it in the address bar
	origin string // scheme and authority, as browsers send it in Origin
	path   string // "" or "/path": what the issuer puts before every endpoint
	secure bool   // https
}

// newSite reads the issuer's URL.
func newSite(issuer string) (site, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return site{}, fmt.Errorf("issuer %q is not an http or https URL", issuer)
	}
	return site{
		host:   u.Host,
		origin: u.Scheme + "://" + u.Host,
		path:   strings.TrimSuffix(u.EscapedPath(), "/"),
		secure: u.Scheme == "https",
	}, nil
}

// frame is what every page has.
type frame struct {
	Title string
	Host  string
	Open  bool // the barrier in the mark is up: there is nothing left to ask
}

// Style and Icon are ours, byte for byte; all else on a page is escaped.
func (frame) Style() template.CSS { return template.CSS(stylesheet) }
func (frame) Icon() template.URL  { return icon }

func (r *request) frame(title string) frame {
	return frame{Title: title, Host: r.s.site.host}
}

// loginView fills login.html.
type loginView struct {
	frame
	ClientName  string
	Message     string // what went wrong, "" on the first visit
	Wrong       bool   // what was typed is what went wrong
	Action      string
	CSRF        string
	Interaction string
	Username    string
}

// consentView fills consent.html.
type consentView struct {
	frame
	ClientName  string
	Username    string
	Initial     string
	SwitchURL   string
	Scopes      []scopeWords
	Destination string // host, or scheme of a native app's address, that the browser goes to next
	Action      string
	CSRF        string
	Interaction string
}

// logoutView fills logout.html.
type logoutView struct {
	frame
	ClientName string
	Username   string
	StayURL    string
	Action     string
	CSRF       string
	Fields     []hiddenField // what the client asked, to be asked again once the person agreed
}

type hiddenField struct{ Name, Value string }

// noticeView fills notice.html: something is over, or went wrong.
type noticeView struct {
	frame
	Name        string // of the person, where it is about them
	Text        string
	LinkURL     string // the way on, "" where there is none
	LinkText    string
	Quiet       bool   // the way on is not what most people came for
	Code        string // of an error, with words for a developer
	Description string
	Reference   string // the request's id, to find it in the log
}

// page answers with a page. formTarget is the policy's form-action.
func (r *request) page(status int, name, formTarget string, view any) error {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, view); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	r.pageHeaders(formTarget)
	r.send(status, "text/html; charset=utf-8", append(r.body(), out.Bytes()...))
	return nil
}

// goTo sends the browser to an address of ours or, where flows made it, a client's. 303 turns
// every method into GET, so that no form is ever posted on (RFC 9700 4.12).
func (r *request) goTo(address string) error {
	r.pageHeaders(formNowhere)
	r.setHeader("Location", address)
	r.http.Response.SetStatusCode(303)
	return nil
}

// at returns the address of one of our endpoints, with an interaction where there is one. It has
// no host: whichever name the browser knows us by goes on.
func (r *request) at(endpoint, interaction string) string {
	if interaction == "" {
		return r.s.site.path + endpoint
	}
	return r.s.site.path + endpoint + "?interaction=" + url.QueryEscape(interaction)
}
