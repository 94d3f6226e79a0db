//go:build siege

package siege

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

const patience = 20 * time.Second

// caller is one of those who race. It has a connection of its own to each listener it talks to and keeps
// it, so that nothing but its request stands between the start and the node.
type caller struct {
	home, away *e2e.Node
	lines      map[string]*line // by listener
}

type line struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

// callers are those of one race, half of them at home on each node.
func (k *track) callers() []*caller {
	all := make([]*caller, racers)
	for i := range all {
		all[i] = &caller{home: k.node(i), away: k.node(i + 1), lines: map[string]*line{}}
	}
	return all
}

func hangUp(all []*caller) {
	for _, c := range all {
		for _, l := range c.lines {
			l.conn.Close()
		}
	}
}

// together lets all callers call at the same instant.
func together(all []*caller, call func(i int, c *caller)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(len(all))
	for i, c := range all {
		done.Go(func() {
			ready.Done()
			<-start
			call(i, c)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// ask sends a request to a listener and returns the answer, with no header but Location.
func (c *caller) ask(listener, method, path, header, body string) e2e.Answer {
	l, err := c.line(listener)
	if err != nil {
		return e2e.Answer{Err: err}
	}
	if method != "GET" {
		header += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	l.out = fmt.Appendf(l.out[:0], "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n%s", method, path, strings.TrimPrefix(listener, "http://"), header, body)
	l.conn.SetDeadline(time.Now().Add(patience))
	if _, err = l.conn.Write(l.out); err == nil {
		var a e2e.Answer
		if a, err = l.read(); err == nil {
			return a
		}
	}
	l.conn.Close()
	delete(c.lines, listener)
	return e2e.Answer{Err: err}
}

// line is the connection to a listener.
func (c *caller) line(listener string) (*line, error) {
	if l := c.lines[listener]; l != nil {
		return l, nil
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(listener, "http://"))
	if err != nil {
		return nil, err
	}
	l := &line{conn: conn, in: bufio.NewReader(conn)}
	c.lines[listener] = l
	return l, nil
}

// read reads one answer of the nodes', which are never in chunks.
func (l *line) read() (a e2e.Answer, err error) {
	length := 0
	for first := true; ; first = false {
		text, err := l.in.ReadSlice('\n')
		if err != nil {
			return a, err
		}
		text = bytes.TrimRight(text, "\r\n")
		name, value, _ := bytes.Cut(text, []byte(": "))
		switch {
		case first && len(text) < len("HTTP/1.1 200"):
			return a, fmt.Errorf("answered %q", text)
		case first:
			a.Status, err = strconv.Atoi(string(text[9:12]))
		case len(text) == 0:
			a.Body = make([]byte, length)
			_, err = io.ReadFull(l.in, a.Body)
			return a, err
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(value))
		case bytes.EqualFold(name, []byte("Location")):
			a.Header = http.Header{"Location": {string(value)}}
		}
		if err != nil {
			return a, err
		}
	}
}

const formType = "Content-Type: application/x-www-form-urlencoded\r\n"

// post sends a form as the app.
func (c *caller) post(n *e2e.Node, path string, app e2e.App, pairs ...string) e2e.Answer {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	basic := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(app.ID) + ":" + url.QueryEscape(app.Secret)))
	return c.ask(n.URL, "POST", path, "Authorization: Basic "+basic+"\r\n"+formType, form.Encode())
}

func (c *caller) token(n *e2e.Node, app e2e.App, pairs ...string) e2e.Tokens {
	a := c.post(n, "/token", app, pairs...)
	var body struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if a.Status == http.StatusOK {
		a.Err = json.Unmarshal(a.Body, &body)
	}
	return e2e.Tokens{Answer: a, Access: body.Access, Refresh: body.Refresh}
}

func (c *caller) refresh(n *e2e.Node, app e2e.App, refresh string) e2e.Tokens {
	return c.token(n, app, "grant_type", "refresh_token", "refresh_token", refresh)
}

func (c *caller) validate(n *e2e.Node, access string) int {
	return c.ask(n.URL, "GET", "/validate", "Authorization: Bearer "+access+"\r\n", "").Status
}

func (c *caller) admin(n *e2e.Node, method, path, body string) int {
	return c.ask(n.Ops, method, "/admin/v1"+path, "Authorization: Bearer "+n.AdminToken()+"\r\nContent-Type: application/json\r\n", body).Status
}

// authorize asks for a code under a session, and returns what the browser is sent back with.
func (c *caller) authorize(n *e2e.Node, cookies string, asked e2e.Asked) url.Values {
	a := c.ask(n.URL, "GET", strings.TrimPrefix(asked.URL, n.URL), cookies, "")
	location, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status != http.StatusSeeOther {
		return nil
	}
	return location.Query()
}

// grant gets tokens under a session, by a code.
func (c *caller) grant(n *e2e.Node, app e2e.App, cookies string, pairs ...string) e2e.Tokens {
	asked := n.Ask(app, pairs...)
	code := c.authorize(n, cookies, asked).Get("code")
	if code == "" {
		return e2e.Tokens{}
	}
	return c.token(n, app, "grant_type", "authorization_code", "code", code, "code_verifier", asked.Verifier, "redirect_uri", app.RedirectURI)
}

// cookiesOf is the header that a browser sends to the node.
func cookiesOf(b *e2e.Browser, n *e2e.Node) string {
	var all []string
	for _, c := range b.Cookies(n) {
		all = append(all, c.Name+"="+c.Value)
	}
	return "Cookie: " + strings.Join(all, "; ") + "\r\n"
}
