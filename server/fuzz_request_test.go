package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/valyala/fasthttp"
)

// spoken is a connection whose other end has said all it will say.
type spoken struct {
	net.Conn // nil: what is not below is not called
	in       *strings.Reader
	out      bytes.Buffer
}

func (s *spoken) Read(p []byte) (int, error)       { return s.in.Read(p) }
func (s *spoken) Write(p []byte) (int, error)      { return s.out.Write(p) }
func (s *spoken) Close() error                     { return nil }
func (s *spoken) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 80} }
func (s *spoken) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1} }
func (s *spoken) SetDeadline(time.Time) error      { return nil }
func (s *spoken) SetReadDeadline(time.Time) error  { return nil }
func (s *spoken) SetWriteDeadline(time.Time) error { return nil }

// heard returns what a listener answers to all that one connection sends.
func heard(t *testing.T, srv *fasthttp.Server, raw string) []*answer {
	t.Helper()
	conn := &spoken{in: strings.NewReader(raw)}
	_ = srv.ServeConn(conn) // the error says that the connection ended
	var answers []*answer
	method, _, _ := strings.Cut(raw, " ")
	for r := bufio.NewReader(&conn.out); ; {
		if _, err := r.Peek(1); err != nil {
			return answers
		}
		a, err := readAnswer(r, method)
		if err != nil {
			t.Fatalf("not an answer: %v", err)
		}
		if answers = append(answers, a); a.status == 100 {
			answers = answers[:len(answers)-1]
		}
	}
}

// understood reports whether an answer is to a request that was read to its end, and taken for one.
func understood(a *answer) bool {
	switch a.status {
	case 400, 408, 413, 414, 415, 417, 431, 501, 505:
		return false
	}
	return true
}

// FuzzRequest sends bytes to the public listener. What it takes for a request, net/http does, too: of
// two that stand in a row, one could be smuggled past either. And it holds what holds for every
// answer.
func FuzzRequest(f *testing.F) {
	const get, post = "GET /livez HTTP/1.1\r\nHost: x\r\n", "POST /revoke HTTP/1.1\r\nHost: x\r\n" + formHeader
	for _, seed := range []string{
		get + "\r\n",
		get + "X-Request-Id: a\r\n\r\n" + get + "X-Request-Id: b\r\n\r\n",
		post + "Authorization: " + serviceBasic + "\r\nContent-Length: 10\r\n\r\ntoken=abcd",
		post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\na=b",                                             // row 1
		post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\na=bc",                                            // row 2
		post + "Content-Length: 3, 3\r\n\r\na=b",                                                               // row 3
		post + "Content-Length: +3\r\n\r\na=b",                                                                 // row 4
		post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get + "\r\n",               // row 6
		"POST /revoke HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n",                     // row 7
		post + "Transfer-Encoding: xchunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n",                                      // row 8
		post + "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\na=b",                                   // row 9
		post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",                                                  // row 11
		post + "Transfer-Encoding: chunked\r\n\r\n3;a=\n\r\na=b\r\n0\r\n\r\n",                                  // row 12
		post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\na=b\r\n0\r\n\r\n",                        // row 13
		post + "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\nAuthorization: Bearer x\r\nHost: y\r\n\r\n", // row 14
		get + "X-Auth-User: x\r\n y\r\n\r\n",                                                                   // row 16
		get + "X-A: a\x00b\r\n\r\n", get + "Bad Header: x\r\n\r\n",                                             // rows 17, 18
		"GET /livez HTTP/1.1\r\n\r\n", "GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", // row 19
		"GET /livez HTTP/1.2\r\nHost: x\r\n\r\n", "get /livez HTTP/1.1\r\nHost: x\r\n\r\n", "TRACE / HTTP/1.1\r\n", // rows 21, 22
		"GET /token#/public HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", // rows 24, 27
		"GET /validate/%2e%2e/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a.b.c\r\n\r\n",                    // row 26
		post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\na=b",                                          // row 32
		post + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\na=b",                                        // row 33
		get + "Authorization: Bearer x\r\nAuthorization: Bearer y\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", // rows 43, 41
		"GET /authorize?client_id=demo-spa&state=%0d%0a HTTP/1.1\r\nHost: x\r\nCookie: a=b; a=c\r\n\r\n",
		"OPTIONS /token HTTP/1.1\r\nHost: x\r\nOrigin: null\r\nAccess-Control-Request-Method: POST\r\n\r\n", // row 57
	} {
		f.Add(seed)
	}
	e := newEdge(f)
	f.Fuzz(func(t *testing.T, raw string) {
		e.log.take()
		answers := heard(t, e.server.publicHTTP, raw)
		lines := e.log.take()
		if len(lines) != len(answers) {
			t.Errorf("%d answers, %d lines", len(answers), len(lines))
		}
		for _, line := range lines {
			if !json.Valid([]byte(line)) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("log line is not plain JSON: %q", line)
			}
		}
		rest := bufio.NewReader(strings.NewReader(raw))
		for i, a := range answers {
			if a.status >= 500 && a.status != 501 && a.status != 505 {
				t.Errorf("status %d: %s", a.status, a.body)
			}
			if a.status >= 400 {
				checkError(t, a)
			}
			if !understood(a) {
				continue // and is the last, or the next was read where it ends
			}
			if why := oracleReads(rest, a); why != "" {
				t.Fatalf("request %d was answered %d, but to net/http %s", i, a.status, why)
			}
		}
	})
}

// oracleReads reads the next request as net/http does, and says what is wrong with it.
func oracleReads(rest *bufio.Reader, a *answer) string {
	req, err := http.ReadRequest(rest)
	if err != nil {
		return "it is none: " + err.Error()
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return "its body is broken: " + err.Error()
	}
	if ids := req.Header["X-Request-Id"]; len(ids) == 1 && plainID([]byte(ids[0])) && a.header.Get("X-Request-Id") != ids[0] {
		return "it is request " + ids[0]
	}
	return ""
}

// FuzzBearer looks for a header that is read as a token which is not the one that was written (RFC 6750
// 2.1).
func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"Bearer x", "bearer a.b.c", "BEARER x", "Bearer  x", "Bearer\tx", "Bearer x, Bearer y", "Token x", "Bearer", "Bearer ", "", "Bearer x ", "Basic eDp5"} { // row 236
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		var http fasthttp.RequestCtx
		http.Request.Header.Set("Authorization", header)
		held := string(http.Request.Header.Peek("Authorization")) // as fasthttp takes it over
		tok, err := (&request{http: &http}).bearer()
		if err != nil {
			if tok != nil {
				t.Errorf("%q: a token beside %v", held, err)
			}
			return
		}
		if len(tok) == 0 || !strings.EqualFold(held, "bearer "+string(tok)) || !strings.HasSuffix(held, " "+string(tok)) || bytes.ContainsAny(tok, " ") {
			t.Errorf("%q is read as %q", held, tok)
		}
	})
}
