//go:build attacks

package attacks

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

const (
	answerTime = 5 * time.Second       // for an answer to come
	closeTime  = time.Second           // for a connection to end that was said to
	quietTime  = 50 * time.Millisecond // without more bytes: the connection is kept
)

// trial is one row tried at one place.
type trial struct {
	*testing.T
	*place
	*found
}

// found is what came of it.
type found struct {
	visits   []*visited // the nodes that it was about
	sent     []*sent
	seen     []answer // to hostile requests
	notes    []string // what else was found out
	canaries []string // secrets that must turn up nowhere
	outage   bool     // the row may be answered 5xx
}

// answer is what came back on a connection. Status 0 means that the connection ended without one.
type answer struct {
	e2e.Answer
	path   string // that was asked for, "" where it cannot be told
	closed bool   // the connection ended after it
}

// raw sends bytes on a connection of their own to the public listener, and returns the first answer.
func (x *trial) raw(text string) answer {
	x.Helper()
	return x.rawAll(x.address(), text)[0]
}

// rawAll returns all answers, one without status if there are none. Only the last can be the one
// after which the connection ended.
func (x *trial) rawAll(address, text string) []answer {
	x.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		x.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, text) // who is refused early may not read it all
	all := x.readAll(conn, text)
	what := &sent{address, text}
	x.sent = append(x.sent, what)
	all[0].path = what.path()
	for _, a := range all {
		x.see(a)
	}
	return all
}

func (x *trial) readAll(conn net.Conn, text string) (all []answer) {
	x.Helper()
	method, _, _ := strings.Cut(text, " ")
	in := bufio.NewReader(conn)
	for wait := answerTime; ; {
		conn.SetReadDeadline(time.Now().Add(wait))
		if _, err := in.Peek(1); err != nil {
			if len(all) == 0 {
				all = append(all, answer{})
			}
			all[len(all)-1].closed = !errors.Is(err, os.ErrDeadlineExceeded)
			return all
		}
		conn.SetReadDeadline(time.Now().Add(answerTime))
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			x.Fatalf("what came is no answer: %v", err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			x.Fatalf("half an answer: %v", err)
		}
		all = append(all, answer{Answer: e2e.Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}})
		wait = quietTime
		if resp.Close {
			wait = closeTime
		}
	}
}

// ask sends a request as libraries do, without following redirects.
func (x *trial) ask(r *http.Request) answer {
	x.Helper()
	text, err := httputil.DumpRequestOut(r, true)
	if err != nil {
		x.Fatal(err)
	}
	x.sent = append(x.sent, &sent{r.URL.Host, string(text)})
	a := answer{Answer: e2e.Do(r), path: r.URL.Path}
	if a.Err != nil {
		x.Fatal(a.Err)
	}
	return x.see(a)
}

// saw takes an answer that was got in another way, such as by e2e.Node's methods.
func (x *trial) saw(a e2e.Answer) answer {
	x.Helper()
	if a.Err != nil {
		x.Fatal(a.Err)
	}
	return x.see(answer{Answer: a})
}

// note says what was found out other than by an answer; it stands in the table.
func (x *trial) note(format string, args ...any) {
	x.notes = append(x.notes, fmt.Sprintf(format, args...))
}

// canary returns a secret that must be found neither in logs nor in metrics nor in an answer.
func (x *trial) canary() string {
	c := "canary" + e2e.Random()
	x.canaries = append(x.canaries, c)
	return c
}

// summary is what was got, for the table.
func (x *trial) summary() string {
	var kinds []string
	count := map[string]int{}
	for _, a := range x.seen {
		kind := a.kind()
		if count[kind]++; count[kind] == 1 {
			kinds = append(kinds, kind)
		}
	}
	for i, kind := range kinds {
		if count[kind] > 1 {
			kinds[i] += fmt.Sprintf(" (%d×)", count[kind])
		}
	}
	return strings.Join(append(kinds, x.notes...), "; ")
}

// kind is an answer in few words.
func (a *answer) kind() string {
	if a.Status == 0 {
		return "closed"
	}
	words := fmt.Sprint(a.Status)
	switch code := a.Text("error"); {
	case code != "":
		words += " " + code
	case bytes.Equal(bytes.TrimSpace(a.Body), []byte(`{"active":false}`)):
		words += " inactive"
	case a.Header.Get("Location") != "":
		words += destination(a.Header.Get("Location"))
	case strings.HasPrefix(a.Header.Get("Content-Type"), "text/html"):
		words += " page"
	}
	if a.closed {
		words += ", closed"
	}
	return words
}

// destination is where an answer sends a browser, in few words.
func destination(location string) string {
	to, err := url.Parse(location)
	switch {
	case err != nil:
		return " elsewhere"
	case to.Host == "":
		return " to " + to.Path
	case to.Query().Has("error"):
		return " back, " + to.Query().Get("error")
	}
	return " back"
}
