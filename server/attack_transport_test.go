package server

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestTransport_SizeIsLimited(t *testing.T) {
	e := newEdge(t)
	for name, c := range map[string]struct {
		raw    string
		status int
	}{
		"row 28: header line of 64 KB":      {tokenRequest("X-A: "+strings.Repeat("a", 64<<10)+"\r\n", ""), 431},
		"row 28: header line of 1 MB":       {tokenRequest("X-A: "+strings.Repeat("a", 1<<20)+"\r\n", ""), 431},
		"row 28: 10,000 headers":            {tokenRequest(strings.Repeat("X-A: b\r\n", 10_000), ""), 431},
		"row 28: 10,000 cookies":            {tokenRequest("Cookie: "+strings.Repeat("a=b; ", 10_000)+"\r\n", ""), 431},
		"row 29: URI of 64 KB":              {"GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
		"row 52: Accept-Language of 64 KB":  {tokenRequest("Accept-Language: "+strings.Repeat("a-", 32<<10)+"\r\n", ""), 431},
		"row 126: Basic of 64 KB":           {"POST /token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + strings.Repeat("YTph", 16<<10) + "\r\n\r\n", 431},
		"row 39: body of 1 MB":              {tokenRequest(formHeader, fmt.Sprintf("Content-Length: %d\r\n\r\nGET /admin HTTP/1.1\r\n", 1<<20)), 413},
		"row 31: chunks without end":        {tokenRequest(formHeader, "Transfer-Encoding: chunked\r\n\r\n"+strings.Repeat("1000\r\n"+strings.Repeat("a", 0x1000)+"\r\n", 100)), 413},
		"row 32: Expect with a body of 1MB": {tokenRequest(formHeader+"Expect: 100-continue\r\n", fmt.Sprintf("Content-Length: %d\r\n\r\n", 1<<20)), 413},
		"row 258: /validate, body of 1 MB":  {fmt.Sprintf("POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 1<<20), 413},
		"row 211: batch of 10 MB":           {fmt.Sprintf("POST /introspect/batch HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 10<<20), 413},
	} {
		t.Run(name, func(t *testing.T) {
			a := e.raw(t, c.raw)
			if a.wants(t, c.status, ""); !a.closed {
				t.Error("the connection was kept")
			}
		})
	}
	t.Run("row 28: header line of 8 KB is small", func(t *testing.T) {
		e.raw(t, tokenRequest(formHeader+"X-A: "+strings.Repeat("a", 8<<10)+"\r\n", "")).wants(t, 200, "")
	})
}

func TestTransport_TrailersAreNotHeaders(t *testing.T) {
	e := newEdge(t)
	for _, line := range []string{"Authorization: " + serviceBasic, "X-Auth-User: admin", "Content-Length: 3", "Host: evil.example"} {
		t.Run("row 14: "+line[:8], func(t *testing.T) {
			a := e.raw(t, fmt.Sprintf("POST /token HTTP/1.1\r\nHost: x\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n%s\r\n\r\n",
				formHeader, len(tokenBodyText), tokenBodyText, line))
			if a.status != 400 && a.status != 401 {
				t.Errorf("status %d: %s", a.status, a.body)
			}
		})
	}
}

func TestTransport_BodiesAreTakenAsTheyAre(t *testing.T) {
	e := newEdge(t)
	t.Run("row 33: gzip", func(t *testing.T) {
		e.raw(t, tokenRequest(formHeader+"Content-Encoding: gzip\r\n", "")).wants(t, 415, "unsupported_media_type")
	})
	t.Run("identity is no encoding", func(t *testing.T) {
		e.raw(t, tokenRequest(formHeader+"Content-Encoding: identity\r\n", "")).wants(t, 200, "")
	})
	for name, lines := range map[string]string{
		"none":                "",
		"text/plain":          "Content-Type: text/plain\r\n",
		"application/json":    "Content-Type: application/json\r\n",
		"multipart/form-data": "Content-Type: multipart/form-data; boundary=x\r\n",
		"EVIL at the end":     "Content-Type: application/x-www-form-urlencodedEVIL\r\n",
		"two of them":         "Content-Type: text/plain\r\n" + formHeader,
		"charset=utf-7":       "Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n",
	} {
		t.Run("row 44: content type "+name, func(t *testing.T) {
			e.raw(t, tokenRequest(lines, "")).wants(t, 400, "invalid_request")
		})
	}
	for name, body := range map[string]string{
		"row 46: 10,000 parameters": params(10_000)[:60<<10],
		"row 46: name of 60 KB":     strings.Repeat("k", 60<<10) + "=v",
		"row 46: empty names":       "=a&=b",
		"row 46: ampersands":        strings.Repeat("&", 60<<10),
		"row 47: NUL":               tokenBodyText + "&scope=a%00b",
		"row 143: grant_type twice": tokenBodyText + "&" + tokenBodyText,
	} {
		t.Run(name, func(t *testing.T) {
			e.raw(t, tokenRequest(formHeader, fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))).wants(t, 400, "invalid_request")
		})
	}
}

func TestTransport_TwoAuthorizationsAreNone(t *testing.T) {
	e := newEdge(t)
	for _, path := range []string{"/token", "/introspect", "/revoke", "/userinfo"} {
		t.Run("row 43: two Authorization headers, "+path, func(t *testing.T) {
			e.raw(t, "POST "+path+" HTTP/1.1\r\nHost: x\r\nAuthorization: "+serviceBasic+"\r\nauthorization: "+serviceBasic+"\r\n"+formHeader+"Content-Length: 0\r\n\r\n").
				wants(t, 400, "invalid_request")
		})
	}
	t.Run("row 43: two Authorization headers, /validate", func(t *testing.T) {
		a := e.raw(t, "GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n").wants(t, 401, "")
		if a.header.Get("Www-Authenticate") != `Bearer error="invalid_token"` {
			t.Errorf("WWW-Authenticate %q", a.header.Get("Www-Authenticate"))
		}
	})
	t.Run("row 43: comma-joined", func(t *testing.T) {
		e.raw(t, "GET /userinfo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a, Bearer b\r\n\r\n").wants(t, 401, "invalid_token")
	})
}

func TestTransport_PipelinedRequestsAreAuthenticatedAlone(t *testing.T) {
	e := newEdge(t)
	good := "GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + e.serviceToken(t) + "\r\n\r\n"
	bad := "GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x.y.z\r\n\r\n"
	none := "GET /validate HTTP/1.1\r\nHost: x\r\n\r\n"
	answers := exchange(t, e.public, strings.Repeat(good+bad+none, 33)+"GET /livez HTTP/1.2\r\nHost: x\r\n\r\n"+good, 101)
	if len(answers) != 100 {
		t.Fatalf("row 38: %d answers, want 99 and the framing error", len(answers))
	}
	for i, a := range answers[:99] {
		if want := []int{200, 401, 401}[i%3]; a.status != want {
			t.Errorf("row 38: answer %d is %d, want %d", i, a.status, want)
		}
		if got := a.header.Get("X-Auth-Subject"); (got != "") != (i%3 == 0) {
			t.Errorf("row 38: answer %d carries the subject %q", i, got)
		}
	}
	if last := answers[99]; last.status != 400 || !last.closed {
		t.Errorf("row 38: the framing error is answered with %d", last.status)
	}
}

func TestTransport_ReaderWhoDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	conn, err := net.Dial("tcp", e.public)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begun := time.Now()
	_ = conn.SetWriteDeadline(begun.Add(10 * time.Second))
	many := strings.Repeat("GET /.well-known/openid-configuration HTTP/1.1\r\nHost: x\r\n\r\n", 1000)
	for err == nil { // until the server, stuck with its answers, has ended the connection
		_, err = io.WriteString(conn, many)
	}
	if took := time.Since(begun); took >= 10*time.Second {
		t.Errorf("row 36: after %v the connection is still open: %v", took, err)
	}
}

func TestTransport_SlowSenderIsCutOff(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	conn, err := net.Dial("tcp", e.public)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begun := time.Now()
	go func() {
		for _, c := range []byte("GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaa") {
			if _, err := conn.Write([]byte{c}); err != nil {
				return
			}
			time.Sleep(200 * time.Millisecond)
		}
	}()
	_ = conn.SetReadDeadline(begun.Add(10 * time.Second))
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil || !strings.HasPrefix(string(buf[:n]), "HTTP/1.1 408") {
		t.Errorf("row 34: after %v: %q, %v", time.Since(begun), buf[:n], err)
	}
}

func TestTransport_HostAndForwardedNamesChangeNothing(t *testing.T) {
	e := newEdge(t)
	const path = "/.well-known/openid-configuration"
	want := e.do(t, call{method: "GET", path: path}).wants(t, 200, "").body
	for name, lines := range map[string]string{
		"row 53: Host":                 "Host: evil.example\r\n",
		"row 54: X-Forwarded-Host":     "Host: x\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /evil\r\n",
		"row 54: Forwarded":            "Host: x\r\nForwarded: for=1.2.3.4;host=evil.example;proto=https\r\n",
		"row 307: all of them at once": "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Original-Host: evil.example\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if a := e.raw(t, "GET "+path+" HTTP/1.1\r\n"+lines+"\r\n"); a.body != want {
				t.Error("the document depends on the request")
			}
		})
	}
}

func TestTransport_UpgradesAreIgnored(t *testing.T) {
	e := newEdge(t)
	for _, proto := range []string{"h2c", "websocket"} {
		t.Run("row 41: "+proto, func(t *testing.T) {
			a := e.raw(t, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "+proto+"\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")
			a.wants(t, 200, "")
		})
	}
}

func TestTransport_ConditionsAndRangesDoNotTouchTokens(t *testing.T) {
	e := newEdge(t)
	for _, lines := range []string{"Range: bytes=0-0\r\n", "If-None-Match: *\r\n", "If-Modified-Since: Mon, 23 Nov 2026 12:00:00 GMT\r\n", "Accept-Encoding: gzip, br\r\n"} {
		t.Run("row 58, 59: "+lines[:10], func(t *testing.T) {
			a := e.raw(t, tokenRequest(formHeader+lines, "")).wants(t, 200, "")
			if a.header.Get("Content-Encoding") != "" || a.member(t, "access_token") == "" {
				t.Error("the answer was compressed or cut")
			}
		})
	}
}
