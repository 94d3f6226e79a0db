//go:build attacks

package attacks

import (
	"fmt"
	"strings"
)

// Rows 1 to 19: requests of which two readers could see different ends or headers.

func sameLengthTwice(x *trial) {
	length := fmt.Sprintf("Content-Length: %d\r\n", len(tokenForm))
	x.dropped(x.raw(x.tokenRequest(formType, length+sized(tokenForm))))
}

func twoLengths(x *trial) {
	x.dropped(x.raw(x.tokenRequest(formType, "Content-Length: 3\r\n"+sized(tokenForm))))
	x.dropped(x.raw(x.tokenRequest(formType, fmt.Sprintf("Content-Length: %d\r\nContent-Length: 3\r\n\r\n%s", len(tokenForm), tokenForm))))
}

func lengthAsList(x *trial) {
	x.dropped(x.raw(x.tokenRequest(formType, "Content-Length: 3, 3\r\n\r\nabc")))
}

func oddLengths(x *trial) {
	for _, length := range []string{"+3", "0x3", "-1", "", "3 3", "٣"} {
		x.dropped(x.raw(x.tokenRequest(formType, "Content-Length: "+length+"\r\n\r\nabc")))
	}
}

const hidden = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n"

func lengthAndChunks(x *trial) {
	all := x.rawAll(x.address(), x.tokenRequest(formType+fmt.Sprintf("Content-Length: %d\r\n", len(tokenForm)), chunked(tokenForm, "")+hidden))
	x.alone(all)
	x.dropped(all[0])
}

// alone wants no second answer.
func (x *trial) alone(all []answer) {
	x.Helper()
	if len(all) > 1 {
		x.Errorf("what was hidden is answered, too: %d answers, the last %d", len(all), all[len(all)-1].Status)
	}
}

func chunksOnHTTP10(x *trial) {
	x.dropped(x.raw(strings.Replace(x.tokenRequest(formType, chunked(tokenForm, "")), "HTTP/1.1", "HTTP/1.0", 1)))
}

func oddCodings(x *trial) {
	for _, coding := range []string{"xchunked", "chunked, identity", "\x0bchunked", `"chunked"`, "gzip, chunked"} {
		x.dropped(x.raw(x.tokenRequest(formType+"Transfer-Encoding: "+coding+"\r\n", "\r\n0\r\n\r\n")))
	}
}

func identityCoding(x *trial) {
	x.dropped(x.raw(x.tokenRequest(formType+"Transfer-Encoding: identity\r\n", sized(tokenForm))))
}

func spaceBeforeColon(x *trial) {
	x.dropped(x.raw(x.tokenRequest(formType, strings.Replace(chunked(tokenForm, ""), "Encoding:", "Encoding :", 1))))
	x.dropped(x.raw(x.tokenRequest(formType, "Content-Length\t: 3\r\n\r\nabc")))
}

func bareLF(x *trial) {
	size := fmt.Sprintf("%x", len(tokenForm))
	for _, line := range []string{size + "\n", size + ";a\nb\r\n", size + " ;a=b\r\n"} {
		x.dropped(x.raw(x.tokenRequest(formType, "Transfer-Encoding: chunked\r\n\r\n"+line+tokenForm+"\r\n0\r\n\r\n")))
	}
	x.dropped(x.raw(x.tokenRequest("X-A: a\n", "")))
	x.dropped(x.raw(x.tokenRequest("X-A: a\r\r\n", "")))
	x.dropped(x.raw("GET /livez HTTP/1.1\r\nHost: x\nX-A: a\r\n\r\n"))
}

func oddChunkSizes(x *trial) {
	for _, size := range []string{"ffffffffffffffff", "0x3", "-1", strings.Repeat("0", 16) + "3"} {
		x.dropped(x.raw(x.tokenRequest(formType, "Transfer-Encoding: chunked\r\n\r\n"+size+"\r\nabc\r\n0\r\n\r\n")))
	}
	for _, afterSize := range []string{"", " "} {
		all := x.rawAll(x.address(), x.tokenRequest(formType, chunked(tokenForm, afterSize)+hidden))
		x.alone(all)
		if !all[0].closed {
			x.Error("the connection goes on after a chunked body")
		}
	}
}

func trailers(x *trial) {
	for _, line := range []string{"Authorization: " + basic(x.service), "X-Auth-User: admin", "Content-Length: 3", "Host: evil.example"} {
		body := strings.TrimSuffix(chunked(tokenForm, ""), "\r\n") + line + "\r\n\r\n"
		a := x.raw("POST /token HTTP/1.1\r\nHost: x\r\n" + formType + body)
		x.status(a, 400, 401)
	}
	body := strings.TrimSuffix(chunked("", ""), "\r\n\r\n0\r\n\r\n") + "\r\nX-Auth-Subject: admin\r\n\r\n"
	x.status(x.raw("POST /validate HTTP/1.1\r\nHost: x\r\n"+body), 400, 401)
}

func foldedHeader(x *trial) {
	x.dropped(x.raw(x.tokenRequest("X-Auth-User: x\r\n y\r\n", "")))
	x.dropped(x.raw(getOf("/livez", " Host: x\r\nHost: y\r\n")))
}

func controlInHeader(x *trial) {
	for _, c := range []string{"\x00", "\r", "\x7f", "\x01"} {
		x.dropped(x.raw(x.tokenRequest("X-A: a"+c+"b\r\n", "")))
	}
}

func oddHeaderNames(x *trial) {
	for _, line := range []string{"Bad Header: x", "Bad(: x", "Bäd: x", "Bad"} {
		x.dropped(x.raw(x.tokenRequest(line+"\r\n", "")))
	}
}

func oddHosts(x *trial) {
	for _, lines := range []string{"", "Host: a\r\nHost: a\r\n", "Host: a@b\r\n", "Host: a/b\r\n", "Host: a b\r\n", "Host:\r\n", "Host: \r\n"} {
		x.dropped(x.raw(getOf("/livez", lines)))
	}
}
