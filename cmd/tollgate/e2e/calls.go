package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// transport keeps a connection for each of many callers; redirects are never followed.
var transport = &http.Transport{MaxIdleConns: 1000, MaxIdleConnsPerHost: 400, DisableCompression: true}

var client = &http.Client{
	Transport:     transport,
	Timeout:       20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// CloseConnections drops idle connections, so that nobody meets one to a process that is gone.
func CloseConnections() { transport.CloseIdleConnections() }

// App is a client of the authorization server.
type App struct {
	ID          string
	Secret      string // "" of a public client
	RedirectURI string
	Scope       string // what it asks for
}

// The clients of `tollgate dev`.
var (
	DemoService = App{ID: "demo-service", Secret: "demo-service-secret", Scope: "orders:read orders:write"}
	DemoGateway = App{ID: "demo-gateway", Secret: "demo-gateway-secret"}
	DemoWeb     = App{ID: "demo-web", Secret: "demo-web-secret", RedirectURI: "http://127.0.0.1:8085/callback", Scope: allScopes}
	DemoSPA     = App{ID: "demo-spa", RedirectURI: "http://127.0.0.1:8086/callback", Scope: allScopes}
)

const allScopes = "openid profile email offline_access orders:read"

// The user of `tollgate dev`.
const (
	DemoUser     = "alice"
	DemoPassword = "alice-password"
)

// Answer is what came back. Status 0 means that nothing did, and Err says why.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Err    error
}

// Want fails the test if the status is another.
func (a Answer) Want(tb testing.TB, status int) Answer {
	tb.Helper()
	if a.Status != status {
		tb.Fatalf("answered %d, want %d: %s %v", a.Status, status, a.Body, a.Err)
	}
	return a
}

// JSON returns the body's members, none if it is no JSON object.
func (a Answer) JSON() map[string]any {
	var members map[string]any
	json.Unmarshal(a.Body, &members)
	return members
}

// Text returns a member of the body, "" if it has no such string.
func (a Answer) Text(member string) string {
	s, _ := a.JSON()[member].(string)
	return s
}

// Active is what an introspection says.
func (a Answer) Active() bool {
	active, _ := a.JSON()["active"].(bool)
	return a.Status == 200 && active
}

// Do sends a request.
func Do(r *http.Request) Answer { return DoWith(client, r) }

// DoWith sends a request by a client of the caller's, who has cookies or certificates of its own.
func DoWith(c *http.Client, r *http.Request) Answer {
	resp, err := c.Do(r)
	if err != nil {
		return Answer{Err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{Err: err} // half an answer is none
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
}

func request(method, address string, body io.Reader) *http.Request {
	r, err := http.NewRequest(method, address, body)
	if err != nil {
		panic(err) // addresses are ours
	}
	return r
}

// Get asks the public listener for a path.
func (n *Node) Get(path string) Answer { return Do(request("GET", n.URL+path, nil)) }

// GetOps asks the ops listener for a path.
func (n *Node) GetOps(path string) Answer { return Do(request("GET", n.Ops+path, nil)) }

// Post sends a form as the app: Basic where it has a secret, else client_id in the form.
func (n *Node) Post(path string, app App, pairs ...string) Answer {
	form := values(pairs)
	if app.Secret == "" {
		form.Set("client_id", app.ID)
	}
	r := request("POST", n.URL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if app.Secret != "" {
		r.SetBasicAuth(url.QueryEscape(app.ID), url.QueryEscape(app.Secret)) // RFC 6749 2.3.1
	}
	return Do(r)
}

// values makes a form of names and values, one after the other.
func values(pairs []string) url.Values {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// Tokens is an answer of /token.
type Tokens struct {
	Answer
	Access  string
	Refresh string
	ID      string
}

// Want fails the test if the status is another.
func (t Tokens) Want(tb testing.TB, status int) Tokens {
	tb.Helper()
	t.Answer.Want(tb, status)
	return t
}

// Token asks /token for something.
func (n *Node) Token(app App, pairs ...string) Tokens {
	a := n.Post("/token", app, pairs...)
	var body struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		ID      string `json:"id_token"`
	}
	json.Unmarshal(a.Body, &body)
	return Tokens{a, body.Access, body.Refresh, body.ID}
}

// Exchange trades a code for tokens.
func (n *Node) Exchange(app App, code, verifier string) Tokens {
	return n.Token(app, "grant_type", "authorization_code", "code", code, "code_verifier", verifier, "redirect_uri", app.RedirectURI)
}

// Refresh trades a refresh token for its successor.
func (n *Node) Refresh(app App, refresh string) Tokens {
	return n.Token(app, "grant_type", "refresh_token", "refresh_token", refresh)
}

// ClientCredentials gets a token for the app itself.
func (n *Node) ClientCredentials(app App) Tokens {
	return n.Token(app, "grant_type", "client_credentials", "scope", app.Scope)
}

// Introspect asks about a token.
func (n *Node) Introspect(app App, token string) Answer {
	return n.Post("/introspect", app, "token", token)
}

// IntrospectBatch asks about several tokens at once.
func (n *Node) IntrospectBatch(app App, tokens ...string) Answer {
	body, _ := json.Marshal(map[string]any{"tokens": tokens})
	r := request("POST", n.URL+"/introspect/batch", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(app.ID, app.Secret)
	return Do(r)
}

// Revoke ends a token.
func (n *Node) Revoke(app App, token string) Answer { return n.Post("/revoke", app, "token", token) }

// Validate asks as a gateway does; query may hold demands.
func (n *Node) Validate(token, query string) Answer {
	return n.bearer("/validate"+query, token)
}

// Userinfo asks who a token is about.
func (n *Node) Userinfo(token string) Answer { return n.bearer("/userinfo", token) }

func (n *Node) bearer(path, token string) Answer {
	r := request("GET", n.URL+path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return Do(r)
}

// AdminToken is the bearer of the admin API.
func (n *Node) AdminToken() string { return n.admin }

// Admin calls the admin API; body is sent as JSON unless it is nil.
func (n *Node) Admin(method, path string, body any) Answer {
	return n.callAdmin(method, path, body, "", "")
}

func (n *Node) callAdmin(method, path string, body any, header, value string) Answer {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		sent = bytes.NewReader(raw)
	}
	r := request(method, n.Ops+"/admin/v1"+path, sent)
	r.Header.Set("Authorization", "Bearer "+n.admin)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if header != "" {
		r.Header.Set(header, value)
	}
	return Do(r)
}
