//go:build attacks

package attacks

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"

	"tollgate/cmd/tollgate/e2e"
)

// Rows 21 to 33 and 52: versions, methods, targets, sizes.

func oddVersions(x *trial) {
	for _, version := range []string{"HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/1.1x", "http/1.1"} {
		x.dropped(x.raw("GET /livez " + version + "\r\nHost: x\r\n\r\n"))
	}
}

func oddMethods(x *trial) {
	echo := x.canary()
	for _, method := range []string{"get", "PoSt", "post", "BREW", "TRACE", "TRACK", "PUT", "DELETE", "GET", "HEAD", "OPTIONS", strings.Repeat("A", 8<<10)} {
		a := x.raw(method + " /token HTTP/1.1\r\nHost: x\r\nX-Echo: " + echo + "\r\nX-HTTP-Method-Override: POST\r\n\r\n")
		x.status(a, 405)
		if a.Header.Get("Allow") != "POST" || mentions(a, echo) {
			x.Errorf("%.10s: %v, want Allow: POST and no echo", method, a.Header)
		}
	}
	x.dropped(x.raw("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nX-Echo: " + echo + "\r\n\r\n"))
}

func methodOverride(x *trial) {
	a := x.raw(getOf("/token?_method=POST&"+tokenForm, "Host: x\r\nAuthorization: "+basic(x.service)+"\r\nX-HTTP-Method-Override: POST\r\nX-Method-Override: POST\r\n"))
	x.refused(a, 405, "method_not_allowed")
}

func fragments(x *trial) {
	x.dropped(x.raw("POST /token#/public HTTP/1.1\r\nHost: x\r\n\r\n"))
	x.dropped(x.raw(getOf("/validate?x#/public", "Host: x\r\n")))
	x.dropped(x.raw(getOf("/validate", "Host: x\r\n")[:13] + "#/public HTTP/1.1\r\nHost: x\r\n\r\n"))
}

// spellings of the admin API's path; canonical first.
var adminSpellings = []string{
	"/admin/v1/clients", "/public/%2e%2e/admin/v1/clients", "/public/../admin/v1/clients", "/admin%2fv1%2fclients", "//admin//v1//clients", "/./admin/v1/clients",
	"/admin;x/v1/clients", `\admin\v1\clients`, `/\admin/v1/clients`, "/%2561dmin/v1/clients", "/%61dmin/v1/clients", "/ADMIN/v1/clients", "/admin/v1/clients/",
}

func spellings(x *trial) {
	for _, path := range append(adminSpellings, "/metrics", "/debug/pprof/", "/healthz", "/TOKEN", "/token/", "/token;a=b", "/%74oken", "/public/../token") {
		a := x.raw(getOf(path, "Host: x\r\nAuthorization: Bearer "+e2e.DevAdmin+"\r\n"))
		x.status(a, 400, 404)
	}
	for _, path := range adminSpellings {
		a := x.rawAll(x.ops(), getOf(path, "Host: x\r\n"))[0]
		x.status(a, 400, 401, 404)
		if mentions(a, x.service.ID) {
			x.Errorf("%s shows clients without a token", path)
		}
	}
}

func oddEscapes(x *trial) {
	for _, escape := range []string{"%zz", "%u002f", "%c0%af", "%", "%4"} {
		for _, target := range []string{"/validate/" + escape, "/validate?scope=" + escape, "/userinfo?a=" + escape, "/authorize?client_id=" + escape, "/nothing/" + escape} {
			a := x.raw(getOf(target, "Host: x\r\nAuthorization: Bearer "+x.token+"\r\n"))
			x.status(a, 400)
		}
	}
}

func largeHeaders(x *trial) {
	for _, lines := range []string{
		"X-A: " + strings.Repeat("a", 64<<10) + "\r\n",
		"X-A: " + strings.Repeat("a", 1<<20) + "\r\n",
		strings.Repeat("X-A: b\r\n", 10_000),
		"Cookie: " + strings.Repeat("a=b; ", 10_000) + "\r\n",
	} {
		x.oversized(x.raw(x.tokenRequest(lines, "")), 431)
	}
	x.good(x.raw(x.tokenRequest("X-A: "+strings.Repeat("a", 8<<10)+"\r\n", "")))
}

// oversized wants this status and the end of the connection, or the end alone: an answer may be lost
// with what was not read.
func (x *trial) oversized(a answer, status int) {
	x.Helper()
	if a.Status != 0 && a.Status != status || !a.closed {
		x.Errorf("answered %d, closed %v, want %d and closed", a.Status, a.closed, status)
	}
}

func longTarget(x *trial) {
	x.oversized(x.raw(getOf("/"+strings.Repeat("a", 64<<10), "Host: x\r\n")), 431)
	x.oversized(x.raw(getOf("/authorize?state="+strings.Repeat("a", 64<<10), "Host: x\r\n")), 431)
}

func endlessChunks(x *trial) {
	before := x.rss()
	chunk := "10000\r\n" + strings.Repeat("a", 0x10000) + "\r\n"
	for range 10 {
		x.oversized(x.raw(x.tokenRequest(formType, "Transfer-Encoding: chunked\r\n\r\n"+strings.Repeat(chunk, 128))), 413)
	}
	if grown := x.rss() - before; grown > 16<<20 {
		x.Errorf("80 MB of chunks made the memory grow by %d MiB", grown>>20)
	}
}

func expectTooMuch(x *trial) {
	x.oversized(x.raw(x.tokenRequest(formType+"Expect: 100-continue\r\n", "Content-Length: 1048576\r\n\r\n")), 413)
}

func gzipBomb(x *trial) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	w.Write(make([]byte, 50<<20))
	w.Close()
	before := x.rss()
	x.status(x.raw(x.tokenRequest(formType+"Content-Encoding: gzip\r\n", sized(bomb.String()))), 415)
	x.status(x.raw("POST /introspect/batch HTTP/1.1\r\nHost: x\r\nAuthorization: "+basic(x.gateway)+"\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"+sized(bomb.String())), 415)
	if grown := x.rss() - before; grown > 16<<20 {
		x.Errorf("the memory grew by %d MiB", grown>>20)
	}
}

func languages(x *trial) {
	x.oversized(x.raw(getOf("/login", "Host: x\r\nAccept-Language: "+strings.Repeat("a-", 32<<10)+"\r\n")), 431)
	for _, list := range []string{strings.Repeat("a-", 4<<10), strings.Repeat("de-x-a;q=0.1,", 600), strings.Repeat("-", 8<<10)} {
		a := x.get("/login", "Accept-Language", list)
		x.good(a)
		if mentions(a, fmt.Sprintf("%.20s", list)) {
			x.Error("the page repeats Accept-Language")
		}
	}
}
